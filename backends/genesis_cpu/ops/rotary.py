"""Rotary position embedding (arXiv 2104.09864) in the half-split form."""

import numpy as np

from ..compiling import kernel


@kernel
def rotary_tables(frequencies, position):
    """Cosines and sines [1, Dh / 2] of a token's angles."""
    half = frequencies.shape[0]
    cos, sin = np.empty((1, half), np.float32), np.empty((1, half), np.float32)
    for i in range(half):
        angle = np.float32(position) * frequencies[i]
        cos[0, i], sin[0, i] = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return cos, sin


@kernel
def apply_rotary(p, start, heads, width, cos, sin):
    """Rotary positions (arXiv 2104.09864, half-split form) in place.

    `cos` and `sin` [L, half] belong to the rows; a head's first 2 * half channels
    turn, the others pass.
    """
    half = cos.shape[1]
    for t in range(p.shape[0]):
        for h in range(heads):
            row = p[t, start + h * width : start + h * width + 2 * half]
            for i in range(half):
                first, second = row[i], row[half + i]
                row[i] = first * cos[t, i] - second * sin[t, i]
                row[half + i] = second * cos[t, i] + first * sin[t, i]
