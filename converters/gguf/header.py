"""Reading a GGUF file's header: metadata, and where its tensors are.

Every length is checked against the file before it is used, so that a damaged or
hostile file costs neither time nor memory. Format: ggml's specification of GGUF,
versions 2 and 3, little-endian.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from backends.stand_ins import SNIFFED_BYTES, stand_in

from ..errors import ConversionError, reason, shown
from .magic import MAGIC, OLD_MAGICS

if TYPE_CHECKING:
    from gguf.constants import GGMLQuantizationType

VERSIONS = (2, 3)
ALIGNMENT = 32
MAX_HEADER_BYTES = 1 << 29
MAX_ENTRIES = 1 << 20
MAX_DIMENSIONS = 4
MAX_DEPTH = 4
BLOCK_BYTES = 1 << 20

STRING, ARRAY = 8, 9
SCALARS = {
    0: "<u1",
    1: "<i1",
    2: "<u2",
    3: "<i2",
    4: "<u4",
    5: "<i4",
    6: "<f4",
    7: "?",
    10: "<u8",
    11: "<i8",
    12: "<f8",
}


@dataclass(frozen=True)
class GGUFTensor:
    """Where a tensor is: `shape` as in NumPy, the rows' width last."""

    type: "GGMLQuantizationType"
    shape: tuple[int, ...]
    start: int
    nbytes: int


@dataclass(frozen=True)
class GGUFHeader:
    """A file's metadata and its tensors in order; `nbytes` is the file's size."""

    metadata: Mapping[str, Any]
    tensors: Mapping[str, GGUFTensor]
    nbytes: int


def read_header(file: BinaryIO, name: str) -> GGUFHeader:
    """Read the header of an open file, called `name` in sentences about it.

    Arrays of strings become lists, of numbers NumPy arrays. Raises `ConversionError`
    when the file is damaged, cut short or of a version nobody knows.
    """
    name = shown(name)
    try:
        size = file.seek(0, 2)
        file.seek(0)
        _check_start(file.read(SNIFFED_BYTES), name)
        file.seek(0)
        return _read(_Cursor(file, size), name)
    except OSError as error:
        raise ConversionError(f"{name} cannot be read: {reason(error)}.") from error
    except _EndError as error:
        raise ConversionError(
            f"{name} was cut short: it ends within its header; download it again."
        ) from error
    except _DamagedError as error:
        raise ConversionError(
            f"{name} is a damaged GGUF file ({error}); download it again."
        ) from error


def _check_start(start: bytes, name: str) -> None:
    if start.startswith(MAGIC):
        return
    if start.startswith(OLD_MAGICS):
        raise ConversionError(
            f"{name} is of a format from before GGUF; get the model as a GGUF file."
        )
    clause = stand_in(start) or "is not a GGUF file; download it again"
    raise ConversionError(f"{name} {clause}.")


class _EndError(Exception):
    pass


class _DamagedError(Exception):
    pass


class _Cursor:
    """A place in the header, which is read from the file as far as it is needed."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.size = size
        self.at = 0
        self._file = file
        self._data = b""

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self._data):
            self._fill(end)
        data = self._data[self.at : end]
        self.at = end
        return data

    def _fill(self, end: int) -> None:
        if end > self.size:
            raise _EndError
        if end > MAX_HEADER_BYTES:
            raise _DamagedError("its header is too large")
        more = max(end - len(self._data), BLOCK_BYTES, len(self._data))
        self._data += self._file.read(more)
        if end > len(self._data):
            raise _EndError

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        return int.from_bytes(self.take(8), "little")

    def count(self, item_bytes: int) -> int:
        """A number of items that the rest of the file can hold."""
        count = self.u64()
        if count * item_bytes > self.size - self.at:
            raise _EndError
        return count

    def string(self) -> str:
        try:
            return self.take(self.count(1)).decode()
        except UnicodeDecodeError as error:
            raise _DamagedError("a text in it is not UTF-8") from error


def _read(cursor: _Cursor, name: str) -> GGUFHeader:
    cursor.take(len(MAGIC))
    version = cursor.u32()
    if version not in VERSIONS:
        if version and not version & 0xFFFF:
            raise ConversionError(
                f"{name} is big-endian; get the little-endian GGUF file of it."
            )
        raise ConversionError(
            f"{name} has version {version} of the GGUF format, and this program reads "
            f"versions {VERSIONS[0]} and {VERSIONS[-1]}."
        )
    tensors, entries = cursor.count(24), cursor.count(12)
    if max(tensors, entries) > MAX_ENTRIES:
        raise _DamagedError("it has too many entries")
    metadata: dict[str, Any] = {}
    for _ in range(entries):
        key = cursor.string()
        if key in metadata:
            raise _DamagedError(f"{shown(key)} is in it twice")
        metadata[key] = _value(cursor, cursor.u32())
    found = [_tensor(cursor) for _ in range(tensors)]
    return GGUFHeader(metadata, _placed(found, cursor, metadata, name), cursor.size)


def _value(cursor: _Cursor, kind: int, depth: int = 0) -> Any:
    if kind == STRING:
        return cursor.string()
    if kind == ARRAY and depth < MAX_DEPTH:
        inner = cursor.u32()
        if inner in SCALARS:
            dtype = np.dtype(SCALARS[inner])
            count = cursor.count(dtype.itemsize)
            return np.frombuffer(cursor.take(count * dtype.itemsize), dtype)
        return [_value(cursor, inner, depth + 1) for _ in range(cursor.count(8))]
    if kind not in SCALARS:
        raise _DamagedError(f"a value has the unknown type {kind}")
    dtype = np.dtype(SCALARS[kind])
    return np.frombuffer(cursor.take(dtype.itemsize), dtype)[0].item()


@dataclass(frozen=True)
class _Info:
    name: str
    type: "GGMLQuantizationType"
    shape: tuple[int, ...]
    offset: int
    nbytes: int


def _tensor(cursor: _Cursor) -> _Info:
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    name = cursor.string()
    dimensions = cursor.u32()
    if dimensions > MAX_DIMENSIONS:
        raise _DamagedError(f"{shown(name)} has {dimensions} dimensions")
    sizes = struct.unpack(f"<{dimensions}Q", cursor.take(8 * dimensions))
    shape = tuple(reversed(sizes))
    code, offset = cursor.u32(), cursor.u64()
    try:
        kind = GGMLQuantizationType(code)
        block, block_bytes = GGML_QUANT_SIZES[kind]
    except (ValueError, KeyError) as error:
        raise ConversionError(
            f"{shown(name)} has the type {code}, which PyPI's gguf does not know; "
            "get a file in another quantisation."
        ) from error
    if math.prod(shape) >= 1 << 60 or 0 in shape:
        raise _DamagedError(f"{shown(name)} has an impossible shape")
    if (shape[-1] if shape else 1) % block:
        raise _DamagedError(f"{shown(name)} does not consist of whole blocks")
    return _Info(name, kind, shape, offset, math.prod(shape) // block * block_bytes)


def _placed(
    found: list[_Info], cursor: _Cursor, metadata: Mapping[str, Any], name: str
) -> dict[str, GGUFTensor]:
    """The tensors by name, in the order of their data, which must not overlap."""
    alignment = metadata.get("general.alignment", ALIGNMENT)
    if type(alignment) is not int or alignment < 1 or alignment & (alignment - 1):
        raise _DamagedError("general.alignment is not a power of two")
    data = -(-cursor.at // alignment) * alignment
    end = 0
    tensors = {}
    for info in sorted(found, key=lambda each: each.offset):
        if info.name in tensors:
            raise _DamagedError(f"{shown(info.name)} is in it twice")
        if info.offset < end or info.offset % alignment:
            raise _DamagedError(f"{shown(info.name)} is at an impossible place")
        end = info.offset + info.nbytes
        if data + end > cursor.size:
            raise ConversionError(
                f"{name} was cut short: it has {cursor.size:,} bytes, and "
                f"{shown(info.name)} ends at {data + end:,}; download it again."
            )
        start = data + info.offset
        tensors[info.name] = GGUFTensor(info.type, info.shape, start, info.nbytes)
    return tensors
