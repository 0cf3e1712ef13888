"""Weights in codes: code * scale + bias for each group of a row, as MLX has them.

Rows lie together in blocks, and of each of them four columns after the other, so that
one instruction multiplies many rows:

    [blocks of 16 rows, quads of 4 columns, 16, 4]

with rows and columns filled up by zeros. With 4 bits a byte holds a column of two
quads that follow each other, the first in its lower half. Codes of 8 bits have a
sign, those of 4 bits have none. Scales and biases [2, blocks, groups, 16] are
bfloat16, which has float32's range.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..stored_tensors import Float32, dequantized, unpacked

Bits = Literal[4, 8]
# Consecutive weights of a row that share a scale and a bias; the last may be fewer.
GROUP = 32
# Rows that lie together.
BLOCK = 16
QUAD = 4
# The places of a quad's columns, by which even and odd bytes are neighbours.
ORDER = 0, 2, 1, 3
# Least and largest code of a weight.
LIMITS: dict[Bits, tuple[int, int]] = {8: (-127, 127), 4: (0, 15)}
# So many scales are tried, each with as much less of a range as this.
SCALES = 5
NARROWER: dict[Bits, float] = {8: 1.5, 4: 0.45}
# Largest code of a vector: its upper half, rounded, is a byte.
LEVELS = 32_639


def blocks_of(rows: int) -> int:
    """Blocks of so many rows."""
    return -(-rows // BLOCK)


def groups_of(columns: int) -> int:
    """Groups of so many columns."""
    return -(-columns // GROUP)


def block_size(columns: int, bits: int) -> int:
    """Bytes of a block's codes."""
    return BLOCK * groups_of(columns) * GROUP * bits // 8


def quantized(values: Float32, bits: Bits) -> tuple[NDArray[Any], Float32]:
    """Codes [rows, columns] and factors [2, rows, groups] of a matrix.

    Of a few scales each group has that with which its weights are nearest.
    """
    rows, columns = values.shape
    groups = groups_of(columns)
    if columns % GROUP:
        # Repeats of a weight that is there do not change the range.
        padding = ((0, 0), (0, groups * GROUP - columns))
        values = np.pad(values, padding, mode="edge")
    parts = values.reshape(rows, groups, GROUP)
    lowest, highest = parts.min(axis=2), parts.max(axis=2)
    least, most = LIMITS[bits]
    # Weights that are not finite make factors that are not, which the logits tell.
    with np.errstate(invalid="ignore", over="ignore"):
        # The codes make up for how a bias is rounded.
        biases = rounded((lowest + highest) / 2 if least else lowest)
        spans = np.maximum(highest - biases, biases - lowest if least else 0)
        rest = parts - biases[..., None]
        codes, scales = _coded(rest, spans, most, bits)
        error = _error(codes, scales, rest)
        for number in range(1, SCALES):
            limit = most - number * NARROWER[bits]
            others, other_scales = _coded(rest, spans, limit, bits)
            other_error = _error(others, other_scales, rest)
            better = other_error < error
            codes[better], scales[better] = others[better], other_scales[better]
            error = np.minimum(error, other_error)
        whole = codes.astype(np.int8).reshape(rows, -1)[:, :columns]
    return whole, np.stack([scales, biases])


def _coded(
    rest: Float32, spans: Float32, limit: float, bits: Bits
) -> tuple[Float32, Float32]:
    """Codes, those of a span's end being the limit, and their scales."""
    scales = rounded(spans / np.float32(limit))
    divisors = np.where(scales == 0, np.float32(1), scales)
    return np.rint(rest / divisors[..., None]).clip(*LIMITS[bits]), scales


def _error(codes: Float32, scales: Float32, rest: Float32) -> Float32:
    """What is left of each group's weights, squared."""
    left = codes * scales[..., None] - rest
    error: Float32 = np.einsum("rgc,rgc->rg", left, left)
    return error


def requantized(
    words: NDArray[np.uint32], scales: Float32, biases: Float32, stored: int, bits: Bits
) -> tuple[NDArray[Any], Float32]:
    """The same of what MLX has packed in `stored` bits, at most `bits`.

    Arguments as for `stored_tensors.dequantized`; a group of MLX is as long as one of
    ours or a multiple of it. Factors that are bfloat16 stay as they are if codes do.
    """
    codes = unpacked(words, stored)
    repeats = codes.shape[1] // GROUP // scales.shape[1]
    factors = np.repeat(np.stack([scales, biases]), repeats, axis=2)
    if bits == 8 and (stored == 8 or (rounded(factors) != factors).any()):
        # About the middle a bias is small, and so is what rounding takes from it.
        middle = 1 << (stored - 1)
        factors[1] += middle * factors[0]
        codes = codes - np.uint8(middle)
    return codes.view(np.int8), rounded(factors)


def recoded(
    words: NDArray[np.uint32], scales: Float32, biases: Float32, stored: int, bits: Bits
) -> tuple[NDArray[Any], Float32]:
    """What `requantized` gives, or if it cannot `quantized`, of packed rows."""
    columns = words.shape[1] * 32 // stored
    if stored <= bits and columns % (GROUP * scales.shape[1]) == 0:
        return requantized(words, scales, biases, stored, bits)
    return quantized(dequantized(words, scales, biases, stored), bits)


def rounded(values: Float32) -> Float32:
    """The nearest bfloat16 numbers."""
    return widened(halved(values))


def halved(values: Float32) -> NDArray[np.int16]:
    """The bits of the nearest bfloat16 numbers, ties to even."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    odd = (bits >> np.uint32(16)) & np.uint32(1)
    halves = (bits + np.uint32(0x7FFF) + odd) >> np.uint32(16)
    halves[np.isnan(values)] = 0x7FC0
    return halves.astype(np.uint16).view(np.int16)


def widened(halves: NDArray[np.int16]) -> Float32:
    """Numbers of the bits of bfloat16."""
    bits = halves.view(np.uint16).astype(np.uint32) << np.uint32(16)
    return bits.view(np.float32)


def put_rows(
    matrix: NDArray[Any], factors: NDArray[np.int16], first: int, made: Any, bits: Bits
) -> None:
    """Put rows from the `first` on where they belong.

    Args:
        matrix: the matrix's bytes, flat.
        factors: of the matrix [2, blocks * groups * 16].
        first: row.
        made: codes and factors by `quantized` or `requantized`.
        bits: of a code.
    """
    codes, new = made
    rows, columns = codes.shape
    groups = groups_of(columns)
    whole = np.zeros((rows, groups * GROUP), np.int8)
    whole[:, :columns] = codes
    quads = whole.reshape(rows, -1, QUAD)[..., ORDER]
    if bits == 4:
        quads = quads[:, 0::2] | quads[:, 1::2] << 4
    index = np.arange(first, first + rows)
    block, row = index // BLOCK, index % BLOCK
    # View and slice of a flat array, so that what is assigned ends up in it.
    placed = matrix.view(np.int8).reshape(-1, quads.shape[1], BLOCK, QUAD)
    placed[block, :, row] = quads
    factors.reshape(2, -1, groups, BLOCK)[:, block, :, row] = np.moveaxis(
        halved(new), 1, 0
    )
