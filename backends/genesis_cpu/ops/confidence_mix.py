"""Test-time training mixed in by the confidence in it."""

import numpy as np

from ..compiling import kernel
from .arithmetic import ONE, sigmoid


@kernel
def confidence_mix(
    x, adapted, expected, confidence, sums, strength, offset, reflection
):
    """x = m adapted + (1 - m) x, with m the strength times the mean confidence so far.

    Args:
        x: rows [L, D]; replaced.
        adapted: rows [L, D].
        expected: rows [L, D].
        confidence: before its sigmoid [L].
        sums: sum of all confidences so far [1]; updated.
        strength: the most that is mixed in.
        offset: tokens read before.
        reflection: filled with the mean squared difference of what was expected and
            what was adapted, the confidence, and m [L, 3].
    """
    length, width = x.shape
    for t in range(length):
        sure = sigmoid(confidence[t])
        sums[0] += sure
        m = np.float32(strength) * sums[0] / np.float32(offset + t + 1)
        total = np.float32(0)
        for i in range(width):
            total += (expected[t, i] - adapted[t, i]) ** 2
        reflection[t, 0] = total / np.float32(width)
        reflection[t, 1], reflection[t, 2] = sure, m
        for i in range(width):
            x[t, i] = m * adapted[t, i] + (ONE - m) * x[t, i]
