"""Values of a GGUF file's tensors, a few megabytes at a time."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from ..arrays import PIECE_BYTES, read_exactly
from .header import GGUFTensor

# What becomes of the types that are no blocks.
FLOATS = {"F32": "float32", "F64": "float32", "F16": "float16", "BF16": "bfloat16"}
_STORED = {"F32": "<u4", "F64": "<u8", "F16": "<u2", "BF16": "<u2"}
_KINDS: dict[str, Any] = {
    "F32": np.float32,
    "F64": np.float64,
    "F16": np.float16,
    "BF16": ml_dtypes.bfloat16,
}


def rows(
    file: BinaryIO, tensor: GGUFTensor, heads: int | None
) -> Iterator[NDArray[np.uint8]]:
    """A tensor's rows as bytes [rows, bytes], a few megabytes at a time.

    With `heads` the rows of each head are put in the order of halves: the file has
    the angles' pairs as neighbours, 0 and 1, 2 and 3, ...; the models here have the
    first ones before all second ones. A vector's elements are its rows.
    """
    height = tensor.shape[0] if tensor.shape else 1
    row_bytes = tensor.nbytes // height
    width = height // heads if heads else 1
    # Blocks unfold to eight times their size.
    step = max(1, PIECE_BYTES // 8 // row_bytes // width) * width
    for first in range(0, height, step):
        count = min(step, height - first)
        data = read_exactly(file, tensor.start + first * row_bytes, count * row_bytes)
        piece = np.frombuffer(data, np.uint8).reshape(count, row_bytes)
        if heads:
            paired = piece.reshape(-1, width // 2, 2, row_bytes)
            piece = paired.swapaxes(1, 2).reshape(count, row_bytes)
        yield piece


def unfold(piece: NDArray[np.uint8], tensor: GGUFTensor) -> NDArray[Any]:
    """Rows of bytes as floats, in the stored dtype or, for blocks, float32."""
    kind = tensor.type.name
    if kind in _STORED:
        words = np.ascontiguousarray(piece).view(_STORED[kind])
        values = words.astype(words.dtype.newbyteorder("="), copy=False)
        return values.view(_KINDS[kind])
    from gguf.quants import dequantize

    return np.asarray(dequantize(piece, tensor.type))


def floats(
    file: BinaryIO, tensor: GGUFTensor, heads: int | None
) -> Iterator[NDArray[Any]]:
    """A tensor's values in order, as `unfold` gives them."""
    for piece in rows(file, tensor, heads):
        yield unfold(piece, tensor)
