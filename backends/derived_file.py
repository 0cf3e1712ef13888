"""Weights in codes that a backend makes of a model's and keeps beside them.

They can be deleted at any time. No manifest lists them, so the file carries the
sha256 of its own values.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from .derived_names import DERIVED_FILES as DERIVED_FILES
from .new_file import new_file, remove_leftovers

# In the order of a file, the wider types first.
DERIVED_TENSORS = ("small", "factors", "matrices")
BLOCK_BYTES = 1 << 20


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
    with suppress(OSError, SafetensorError):
        remove_leftovers(path)
        with new_file(path, sync=True) as file:
            meta = {**metadata, "sha256": digest.hexdigest()}
            save_file(dict(arrays), file.partial, meta)


def check_derived(path: Path) -> str | None:
    """One sentence if the file is there and damaged: a backend would not see it.

    Raises `OSError`.
    """
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
