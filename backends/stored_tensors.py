"""Reading safetensors files as NumPy arrays, whatever float they are stored in."""

import json
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
# What holds an element of each type; some have none of their own in NumPy.
STORED: dict[str, Any] = {
    "F64": np.float64, "I64": np.int64, "U64": np.uint64,
    "F32": np.float32, "I32": np.int32, "U32": np.uint32,
    "F16": np.float16, "BF16": np.uint16, "I16": np.int16, "U16": np.uint16,
    "I8": np.int8, "U8": np.uint8, "BOOL": np.uint8,
    "F8_E4M3": np.uint8, "F8_E5M2": np.uint8, "F8_E8M0": np.uint8,
}  # fmt: skip


@dataclass(frozen=True)
class StoredTensor:
    """A tensor in a mapped file; `start` is its first byte in the file."""

    dtype: str
    start: int
    values: NDArray[Any]

    def rows(self, rows: slice = slice(None)) -> Float32:
        """Some rows of a float tensor, in float32; mapped if it is stored so."""
        values = self.values[rows]
        if self.dtype == "BF16":
            wide = values.astype(np.uint32)
            return (wide << np.uint32(16)).view(np.float32)
        return values.astype(np.float32, copy=False)

    def release(self) -> None:
        """Give the memory of what has been read of its file back; it stays there."""
        mapped: Any = self.values
        while isinstance(mapped, np.ndarray):
            mapped = mapped.base
        # Windows has no such call, and takes mapped memory back by itself.
        if hasattr(mmap, "MADV_DONTNEED"):
            mapped.madvise(mmap.MADV_DONTNEED)


def map_tensors(path: Path) -> dict[str, StoredTensor]:
    """Every tensor of a safetensors file whose header has been checked."""
    data = np.memmap(path, np.uint8, mode="r")
    (length,) = struct.unpack("<Q", data[:8].tobytes())
    header = json.loads(data[8 : 8 + length].tobytes())
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        first, last = (8 + length + offset for offset in entry["data_offsets"])
        raw = np.asarray(data[first:last])
        values = raw.view(STORED[entry["dtype"]]).reshape(entry["shape"])
        tensors[name] = StoredTensor(entry["dtype"], first, values)
    return tensors


@dataclass(frozen=True)
class FloatTensors:
    """A converted model's tensors by name, as float32, quantised or not."""

    stored: dict[str, StoredTensor]
    bits: int | None

    def rows(self, name: str, rows: slice = slice(None)) -> Float32:
        """Some rows of a tensor."""
        if not self.is_packed(name):
            return self.stored[name].rows(rows)
        assert self.bits is not None
        return dequantized(*self.packed(name, rows), self.bits)

    def is_packed(self, name: str) -> bool:
        """Whether a tensor is quantised, in a file where some may be."""
        return self.stored[name].dtype == "U32"

    def packed(self, name: str, rows: slice) -> tuple[Any, Float32, Float32]:
        """Words, scales and biases of some rows of a tensor that is quantised."""
        prefix = name.removesuffix("weight")
        scales, biases = (self.stored[f"{prefix}{n}"] for n in ("scales", "biases"))
        return self.stored[name].values[rows], scales.rows(rows), biases.rows(rows)

    def release(self) -> None:
        """Give the memory of what has been read back; it can be read again."""
        next(iter(self.stored.values())).release()


def dequantized(
    words: NDArray[np.uint32], scales: Float32, biases: Float32, bits: int
) -> Float32:
    """code * scale + bias [rows, columns], as MLX has packed them.

    Args:
        words: [rows, columns * bits / 32].
        scales: a factor for each group [rows, groups].
        biases: a summand for each group [rows, groups].
        bits: of a code, at most 8.
    """
    codes = unpacked(words, bits)
    groups = codes.reshape(*scales.shape, -1).astype(np.float32)
    groups *= scales[..., None]
    groups += biases[..., None]
    return groups.reshape(codes.shape)


def unpacked(words: NDArray[np.uint32], bits: int) -> NDArray[np.uint8]:
    """Codes [rows, columns] one after the other, the lowest bits of a word first."""
    octets = np.ascontiguousarray(words, "<u4").view(np.uint8)
    if bits == 8:
        return octets
    if bits == 4:
        codes = np.empty((*octets.shape, 2), np.uint8)
        codes[..., 0], codes[..., 1] = octets & 15, octets >> 4
        return codes.reshape(*octets.shape[:-1], -1)
    singles = np.unpackbits(octets, axis=-1, bitorder="little")
    singles = singles.reshape(len(words), -1, bits)
    packed = np.packbits(singles, axis=-1, bitorder="little")
    return packed.reshape(len(words), -1)
