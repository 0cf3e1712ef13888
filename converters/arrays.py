"""Values of a checkpoint's tensors, a few megabytes at a time."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from .errors import ConversionError, reason
from .header import TensorInfo
from .problems import Problem

# Rows are read in pieces of about this many bytes, so that memory stays far below
# the size of the file; large enough that Python's part of the work is small.
PIECE_BYTES = 8 << 20

DTYPES: dict[str, np.dtype[Any]] = {
    "float32": np.dtype(np.float32),
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
}
# What safetensors calls them.
STORED = {
    "F32": DTYPES["float32"],
    "F16": DTYPES["float16"],
    "BF16": DTYPES["bfloat16"],
}


def pieces(file: BinaryIO, info: TensorInfo) -> Iterator[NDArray[Any]]:
    """A float tensor's rows in order, each piece [rows, ...] in the stored dtype."""
    rows, rest = (info.shape[0], info.shape[1:]) if info.shape else (1, ())
    if not info.nbytes:
        return
    row_bytes = info.nbytes // rows
    step = max(1, PIECE_BYTES // row_bytes)
    for first in range(0, rows, step):
        count = min(step, rows - first)
        data = read_exactly(file, info.start + first * row_bytes, count * row_bytes)
        yield from_bytes(data, info.dtype).reshape(count, *rest)


def whole(file: BinaryIO, info: TensorInfo) -> NDArray[Any]:
    """A small float tensor in one piece, in its own shape and dtype."""
    data = read_exactly(file, info.start, info.nbytes)
    return from_bytes(data, info.dtype).reshape(info.shape)


def read_exactly(file: BinaryIO, start: int, count: int) -> bytes:
    """Bytes [start, start + count) of the file."""
    try:
        file.seek(start)
        data = file.read(count)
    except OSError as error:
        raise ConversionError(
            f"The source file cannot be read: {reason(error)}."
        ) from error
    if len(data) != count:
        raise ConversionError("The source file was cut short while it was read.")
    return data


def from_bytes(data: bytes, dtype: str) -> NDArray[Any]:
    """A flat array of little-endian safetensors data, in this machine's order."""
    kind = STORED[dtype]
    array = np.frombuffer(data, f"<u{kind.itemsize}")
    return array.astype(f"u{kind.itemsize}", copy=False).view(kind)


def to_bytes(array: NDArray[Any]) -> memoryview:
    """The array's data, row-major and little-endian, as safetensors stores it."""
    words = np.ascontiguousarray(array).view(f"u{array.dtype.itemsize}")
    stored = words.astype(words.dtype.newbyteorder("<"), copy=False)
    return stored.reshape(-1).data.cast("B")


def cast(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Values rounded to the nearest in another dtype; too large ones are infinite."""
    with np.errstate(over="ignore"):
        return array.astype(dtype, copy=False)


def same_bytes(file: BinaryIO, one: TensorInfo, other: TensorInfo) -> bool:
    """Whether two tensors have the same dtype, shape and data."""
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return False
    for offset in range(0, one.nbytes, PIECE_BYTES):
        count = min(PIECE_BYTES, one.nbytes - offset)
        if read_exactly(file, one.start + offset, count) != read_exactly(
            file, other.start + offset, count
        ):
            return False
    return True


def value_problems(
    file: BinaryIO,
    tensors: Mapping[str, tuple[TensorInfo, np.dtype[Any]]],
    report: Callable[[int], None],
) -> list[Problem]:
    """Look at every value once: NaN, infinity, and what the new dtype cannot hold.

    Args:
        file: the checkpoint, open for reading.
        tensors: name -> where it is, and the dtype its values will be written in.
        report: called with the bytes done.

    Returns:
        Every tensor that has a problem.
    """
    problems: list[Problem] = []
    done = 0
    for name, (info, dtype) in tensors.items():
        finite = fits = True
        for piece in pieces(file, info):
            finite = finite and bool(np.isfinite(piece).all())
            fits = fits and bool(np.isfinite(cast(piece, dtype)).all())
            done += piece.nbytes
            report(done)
        if not finite:
            sentence = f"{name} holds NaN or infinite values."
            problems.append(Problem("value", name, sentence))
        elif not fits:
            other = "bfloat16" if dtype == DTYPES["float16"] else "float32"
            sentence = (
                f"{name} holds values too large for {dtype}; use --dtype {other}."
            )
            problems.append(Problem("range", name, sentence))
    return problems
