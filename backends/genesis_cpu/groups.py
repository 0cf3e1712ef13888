"""int8 weights of ordinary decoders: code * scale + bias for each group of a row.

What MLX has quantised by its affine form to 8 bits or fewer keeps its very values.
"""

import numpy as np
from numpy.typing import NDArray

from .tensors import Float32, unpacked

# Consecutive weights of a row that share a scale and a bias; the last may be fewer.
GROUP = 32
# Numbers that are multiplied side by side; a processor with narrower vectors takes
# several for them.
LANES = 16
# Codes of 8 bits run from -128 on, narrower ones from 0.
MIDDLE = 128
STEPS = 255


def quantized(values: Float32) -> tuple[NDArray[np.int8], Float32]:
    """Codes [rows, columns] and factors [2, rows, groups] of a matrix.

    A group's least and greatest weights keep their values.
    """
    rows, columns = values.shape
    groups = -(-columns // GROUP)
    if columns % GROUP:
        # Repeats of a weight that is there do not change the range.
        padding = ((0, 0), (0, groups * GROUP - columns))
        values = np.pad(values, padding, mode="edge")
    parts = values.reshape(rows, groups, GROUP)
    lowest, highest = parts.min(axis=2), parts.max(axis=2)
    # Weights that are not finite make factors that are not, which the logits tell.
    with np.errstate(invalid="ignore", over="ignore"):
        scales = (highest - lowest) / np.float32(STEPS)
        divisors = np.where(scales > 0, scales, np.float32(1))
        codes = np.rint((parts - lowest[..., None]) / divisors[..., None]) - MIDDLE
        biases = lowest + MIDDLE * scales
        codes = codes.astype(np.int8).reshape(rows, -1)[:, :columns]
    # With a step of 0 every code is the lowest one.
    return codes, np.stack([scales, biases])


def requantized(
    words: NDArray[np.uint32], scales: Float32, biases: Float32, bits: int
) -> tuple[NDArray[np.int8], Float32]:
    """The same of what MLX has packed; arguments as for `tensors.dequantized`.

    The groups of MLX are as long as ours or a multiple of it.
    """
    octets = unpacked(words, bits)
    repeats = octets.shape[1] // GROUP // scales.shape[1]
    factors = np.repeat(np.stack([scales, biases]), repeats, axis=2)
    if bits == 8:
        octets = octets ^ np.uint8(MIDDLE)
        factors[1] += MIDDLE * factors[0]
    return octets.view(np.int8), factors
