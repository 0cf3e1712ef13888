"""Test-time training (TTT): fast weights adapted while reading."""

import math

import numpy as np

from ..compiling import kernel
from .arithmetic import sigmoid


@kernel
def test_time_training(h, y0, gate, rate, sums, offset):
    """Fast weights in the dual form (arXiv 2407.04620) and their gate, into y0.

        out_t = (y0_t - h_t rate G_t / (1 + 0.1 ln t)) sigmoid(gate_t)

    with G_t the sum of h (y0 - h) before t, counted from 1 after `offset` tokens.

    Args:
        h: normalised inputs [L, D].
        y0: predictions of the initial weights [L, D]; replaced by the result.
        gate: before its sigmoid [L, D].
        rate: learning rate per channel [D].
        sums: G [D]; updated.
        offset: tokens read before.
    """
    length, width = h.shape
    for t in range(length):
        damping = np.float32(1.0 + 0.1 * math.log(offset + t + 1.0))
        for i in range(width):
            x, y = h[t, i], y0[t, i]
            corrected = y - x * rate[i] * sums[i] / damping
            sums[i] += x * (y - x)
            y0[t, i] = corrected * sigmoid(gate[t, i])
