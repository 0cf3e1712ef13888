"""int8 weights that a backend makes of a model's and keeps beside them.

They can be deleted at any time. No manifest lists them, so the file carries the
sha256 of its own values.
"""

import hashlib
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

DERIVED_FILE = "model.cpu-int8.safetensors"
BLOCK_BYTES = 1 << 20
# Nobody writes so long; what is older was left by a process that died.
STALE_SECONDS = 3600.0


def made_from(weights: Path) -> str:
    """What changes when the weights do: their file's size and time."""
    facts = weights.stat()
    return f"{facts.st_size} {facts.st_mtime_ns}"


def keep_derived(
    path: Path, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]
) -> None:
    """Write the file if the folder can be written; whole or not at all.

    `arrays` are in the order of the file, the wider types first.
    """
    digest = hashlib.sha256()
    for array in arrays.values():
        digest.update(array.data)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(OSError, SafetensorError):
        _clean(path)
        try:
            meta = {**metadata, "sha256": digest.hexdigest()}
            save_file(dict(arrays), partial, meta)
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)


def check_derived(directory: Path) -> str | None:
    """One sentence if the file is there and damaged: a backend would not see it.

    Raises `OSError`.
    """
    path = directory / DERIVED_FILE
    if not path.exists():
        return None
    with path.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
        with suppress(SafetensorError):
            with safe_open(str(path), framework="numpy") as opened:
                stored = (opened.metadata() or {}).get("sha256")
            file.seek(8 + header)
            digest = hashlib.sha256()
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
            if stored == digest.hexdigest():
                return None
    return f"{path.name} is damaged; delete it, and it is made again."


def _clean(path: Path) -> None:
    for left in path.parent.glob(f".{path.name}.*"):
        if time.time() - left.stat().st_mtime > STALE_SECONDS:
            left.unlink(missing_ok=True)
