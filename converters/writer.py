"""Writing a safetensors file whose tensors arrive in pieces."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from backends.stored_tensors import STORED

ALIGNMENT = 8
ITEM_BYTES = {name: np.dtype(kind).itemsize for name, kind in STORED.items()}
MADE_HERE = {"format": "mlx"}


class SafetensorsWriter:
    """A safetensors file with its header written first.

    Each tensor's data is appended in row order; tensors may take turns. Leaving the
    `with` block without an error checks that every tensor is complete.

    Args:
        path: created, or emptied if it exists.
        entries: name -> (safetensors dtype, shape), in the order of the file. Wider
            types should come first, so that every tensor is aligned.
        metadata: what the file says of itself.
    """

    def __init__(
        self,
        path: Path,
        entries: Mapping[str, tuple[str, tuple[int, ...]]],
        metadata: Mapping[str, str] = MADE_HERE,
    ) -> None:
        header: dict[str, object] = {"__metadata__": dict(metadata)}
        self._next: dict[str, int] = {}
        self._end: dict[str, int] = {}
        offset = 0
        for name, (dtype, shape) in entries.items():
            end = offset + math.prod(shape) * ITEM_BYTES[dtype]
            header[name] = {
                "dtype": dtype,
                "shape": list(shape),
                "data_offsets": [offset, end],
            }
            self._next[name], self._end[name] = offset, end
            offset = end
        self.total = offset
        self.done = 0
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % ALIGNMENT)
        self._start = 8 + len(text)
        self._file = path.open("wb")
        try:
            self._file.write(len(text).to_bytes(8, "little") + text)
        except BaseException:
            self._file.close()
            raise

    def append(self, name: str, data: memoryview) -> None:
        """Write the next bytes of a tensor."""
        position = self._next[name]
        if position + data.nbytes > self._end[name]:
            raise ValueError(f"{name} gets more data than its shape holds")
        self._file.seek(self._start + position)
        self._file.write(data)
        self._next[name] = position + data.nbytes
        self.done += data.nbytes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if kind is None and (short := self._next.items() ^ self._end.items()):
            names = sorted({name for name, _ in short})
            raise ValueError(f"data is missing for {', '.join(names)}")
