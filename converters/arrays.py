"""Values of a checkpoint's tensors, a few megabytes at a time."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import mlx.core as mx

from .errors import ConversionError, reason
from .header import TensorInfo

# Rows are read in pieces of about this many bytes, so that memory stays far below
# the size of the file; large enough that Python's part of the work is small.
PIECE_BYTES = 8 << 20

STORED = {"F32": mx.float32, "F16": mx.float16, "BF16": mx.bfloat16}


def pieces(file: BinaryIO, info: TensorInfo) -> Iterator[mx.array]:
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


def whole(file: BinaryIO, info: TensorInfo) -> mx.array:
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


def from_bytes(data: bytes, dtype: str) -> mx.array:
    """A flat array of little-endian safetensors data."""
    # MLX takes any buffer; its stubs do not say so.
    buffer: Any = memoryview(data).cast("f" if dtype == "F32" else "H")
    return mx.array(buffer).view(STORED[dtype])


def to_bytes(array: mx.array) -> memoryview:
    """The array's data, row-major, as safetensors stores it."""
    if array.dtype in (mx.float16, mx.bfloat16):
        array = array.view(mx.uint16)
    array = mx.contiguous(array)
    mx.eval(array)
    buffer: Any = array
    return memoryview(buffer).cast("B")


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
    tensors: Mapping[str, tuple[TensorInfo, mx.Dtype]],
    report: Callable[[int], None],
) -> list[str]:
    """Look at every value once: NaN, infinity, and what the new dtype cannot hold.

    Args:
        file: the checkpoint, open for reading.
        tensors: name -> where it is, and the dtype its values will be written in.
        report: called with the bytes done.

    Returns:
        One sentence per tensor that has a problem.
    """
    problems = []
    done = 0
    for name, (info, dtype) in tensors.items():
        finite = fits = True
        for piece in pieces(file, info):
            here = mx.all(mx.isfinite(piece))
            there = mx.all(mx.isfinite(piece.astype(dtype)))
            mx.eval(here, there)
            finite = finite and bool(here.item())
            fits = fits and bool(there.item())
            done += piece.nbytes
            report(done)
        if not finite:
            problems.append(f"{name} holds NaN or infinite values.")
        elif not fits:
            word = str(dtype).removeprefix("mlx.core.")
            other = "bfloat16" if dtype == mx.float16 else "float32"
            problems.append(
                f"{name} holds values too large for {word}; use --dtype {other}."
            )
    return problems
