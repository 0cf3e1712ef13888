"""Weights of decoders in codes, kept in a folder of their own between processes.

The directories of these models may belong to other programs, so nothing is written
there. All of it can be deleted at any time.
"""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from ...decoder import DecoderFiles
from ...derived_file import keep_derived, made_from
from ...stored_tensors import map_tensors

FORMAT = "decoder-cpu-2"
SUFFIX = ".safetensors"
Shapes = dict[str, tuple[str, list[int]]]


class DerivedFile:
    """Where the arrays made of one model are kept, and whether they still fit it."""

    def __init__(self, folder: Path, files: DecoderFiles, dtype: str) -> None:
        sources = sorted(set(files.files.values()))
        directory = str(sources[0].parent.absolute())
        digest = hashlib.sha256(directory.encode()).hexdigest()[:20]
        self._path = folder / f"{digest}.cpu-{dtype}{SUFFIX}"
        self._facts = {
            "format": FORMAT,
            "directory": directory,
            "made_from": " ".join(f"{path.name} {made_from(path)}" for path in sources),
        }

    def load(self, wanted: Shapes) -> dict[str, NDArray[Any]] | None:
        """The arrays, mapped, or None if there are none of these dtypes and shapes."""
        try:
            with safe_open(str(self._path), framework="numpy") as file:
                slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - not a dict
                found = {n: (s.get_dtype(), s.get_shape()) for n, s in slices.items()}
                kept = file.metadata() or {}
        except (OSError, SafetensorError):
            return None
        if found != wanted or not self._facts.items() <= kept.items():
            return None
        return {n: tensor.values for n, tensor in map_tensors(self._path).items()}

    def save(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Keep arrays if the folder can be written; the wider types come first.

        What was kept for directories that are no more is deleted.
        """
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in self._path.parent.glob(f"*{SUFFIX}"):
                if path != self._path and not Path(_directory(path)).exists():
                    path.unlink(missing_ok=True)
        keep_derived(self._path, arrays, self._facts)


def _directory(path: Path) -> str:
    """Whose weights a file was made of; nobody's if it cannot be read."""
    try:
        with safe_open(str(path), framework="numpy") as file:
            return str((file.metadata() or {}).get("directory", ""))
    except (OSError, SafetensorError):
        return ""
