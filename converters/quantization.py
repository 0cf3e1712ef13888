"""MLX's affine quantisation, bit for bit, where there is no MLX too."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.genesis.constants import QUANTIZATION_GROUP

# The least step, so that a group of equal values divides by something.
EPS = np.float32(1e-7)


def quantize(
    values: NDArray[Any], bits: int
) -> tuple[NDArray[np.uint32], NDArray[Any], NDArray[Any]]:
    """Each group of 32 values as whole steps from one of its two ends.

    A value is `scale * code + bias`. The end with the larger magnitude is exact, and
    so is zero where it lies between the two.

    Args:
        values: [rows, width] in a float dtype; the width is a multiple of 32.
        bits: 4 or 8.

    Returns:
        codes [rows, width * bits / 32], the first in a word's lowest bits; scales and
        biases [rows, width / 32] in the dtype of the values.
    """
    rows, width = values.shape
    groups = values.astype(np.float32).reshape(rows, -1, QUANTIZATION_GROUP)
    low, high = groups.min(-1), groups.max(-1)
    steps = np.float32(2**bits - 1)
    from_low = np.abs(low) > np.abs(high)
    scales = np.maximum((high - low) / steps, EPS)
    scales = np.where(from_low, scales, -scales)
    edge = np.where(from_low, low, high)
    to_zero = np.rint(edge / scales)
    moved = to_zero != 0
    scales = np.where(moved, edge / np.where(moved, to_zero, 1), scales)
    biases = np.where(moved, edge, np.float32(0))
    codes = np.rint((groups - biases[..., None]) / scales[..., None])
    octets = np.clip(codes, 0, steps).astype(np.uint8).reshape(rows, width)
    if bits == 4:
        octets = octets[:, 0::2] | octets[:, 1::2] << 4
    words = np.ascontiguousarray(octets).view("<u4").astype(np.uint32, copy=False)
    return words, scales.astype(values.dtype), biases.astype(values.dtype)
