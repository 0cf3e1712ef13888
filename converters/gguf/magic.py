"""Whether a file is a GGUF file, which its first bytes say."""

from contextlib import suppress
from pathlib import Path

MAGIC = b"GGUF"
# Of ggml, ggmf and ggjt, as the numbers lie in files.
OLD_MAGICS = (b"lmgg", b"fmgg", b"tjgg")
SUFFIX = ".gguf"


def is_gguf(path: Path) -> bool:
    """Whether a file begins as GGUF files do, or at least is called one."""
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                if file.read(len(MAGIC)) == MAGIC:
                    return True
    return path.suffix.lower() == SUFFIX
