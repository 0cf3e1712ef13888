"""Norms of rows and of heads."""

import numpy as np

from ...genesis.constants import L2_EPS, LAYER_NORM_EPS
from ..compiling import kernel
from .arithmetic import ONE

L2 = np.float32(L2_EPS)
LAYER = np.float32(LAYER_NORM_EPS)


@kernel
def rms_norm(x, gain, eps, out):
    """out = x / sqrt(mean(x^2) + eps) * gain, for rows of x [L, D], gain [D]."""
    length, width = x.shape
    for t in range(length):
        row, o = x[t], out[t]
        total = np.float32(0)
        for i in range(width):
            total += row[i] * row[i]
        scale = ONE / np.sqrt(total / np.float32(width) + np.float32(eps))
        for i in range(width):
            o[i] = row[i] * scale * gain[i]


@kernel
def layer_norm(x, weight, bias, out):
    """out = (x - mean) / sqrt(variance + 1e-5) * weight + bias, for rows [L, D]."""
    length, width = x.shape
    for t in range(length):
        row, o = x[t], out[t]
        mean = np.float32(0)
        for i in range(width):
            mean += row[i]
        mean /= np.float32(width)
        variance = np.float32(0)
        for i in range(width):
            variance += (row[i] - mean) * (row[i] - mean)
        scale = ONE / np.sqrt(variance / np.float32(width) + LAYER)
        for i in range(width):
            o[i] = (row[i] - mean) * scale * weight[i] + bias[i]


@kernel
def normalize_heads(p, start, heads, width, gain, eps):
    """Normalise each head of columns start .. start + heads * width in place.

    Without a gain by the L2 norm; else by the root mean square, times the gain, of
    which there are `width` for all heads or heads * width.
    """
    for t in range(p.shape[0]):
        for h in range(heads):
            row = p[t, start + h * width : start + (h + 1) * width]
            total = np.float32(0)
            for i in range(width):
                total += row[i] * row[i]
            if gain.shape[0] == 0:
                scale = ONE / (np.sqrt(total) + L2)
                for i in range(width):
                    row[i] *= scale
            else:
                first = h * width % gain.shape[0]
                g = gain[first : first + width]
                scale = ONE / np.sqrt(total / np.float32(width) + np.float32(eps))
                for i in range(width):
                    row[i] *= scale * g[i]
