"""Test-time training and the confidence that mixes it in, for one token."""

import math

import numpy as np

from ..compiling import kernel
from .arithmetic import ONE, product, sigmoid, silu

LAYER_NORM_EPS = np.float32(1e-5)
(
    NORM,
    NORM_BIAS,
    W0,
    A,
    B,
    RATE,
    LAYER_SCALE,
    OUTPUT_GATE,
    OUT,
    SELF,
    CONFIDENCE_IN,
    CONFIDENCE_IN_BIAS,
    CONFIDENCE_OUT,
    CONFIDENCE_OUT_BIAS,
) = range(14)


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
        scale = ONE / np.sqrt(variance / np.float32(width) + LAYER_NORM_EPS)
        for i in range(width):
            o[i] = (row[i] - mean) * scale * weight[i] + bias[i]


@kernel
def correct(h, y0, gate, rate, sums, offset):
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


@kernel
def mix(x, adapted, expected, confidence, sums, strength, offset, reflection):
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


@kernel
def adapt(x, small, table, dims, diagonal, fixed, offset, reflection):
    """Test-time training of one token's vector x [1, D], in place.

    Args:
        x: the last block's output.
        small: the model's small weights.
        table: indices into `small`, by this module's constants.
        dims: `layout.Dimensions`.
        diagonal: whether W0 is, up to rounding.
        fixed: the flat state; updated.
        offset: tokens read before.
        reflection: filled as `mix` does [1, 3].
    """
    d, rank = dims.D, dims.R
    none = small[:0]
    h, y0, gate = (
        np.empty((1, d), np.float32),
        np.zeros((1, d), np.float32),
        np.empty((1, d), np.float32),
    )
    weight = small[table[NORM] : table[NORM] + d]
    layer_norm(x, weight, small[table[NORM_BIAS] : table[NORM_BIAS] + d], h)
    if diagonal:
        for i in range(d):
            y0[0, i] = h[0, i] * small[table[W0] + i * d + i]
    else:
        for i in range(d):
            row = small[table[W0] + i * d : table[W0] + (i + 1) * d]
            for j in range(d):
                y0[0, j] += h[0, i] * row[j]
    for r in range(rank):
        low = np.float32(0)
        for i in range(d):
            low += h[0, i] * small[table[A] + i * rank + r]
        row = small[table[B] + r * d : table[B] + (r + 1) * d]
        for j in range(d):
            y0[0, j] += low * row[j]
    product(small, table[OUTPUT_GATE], d, d, none, x[0], gate[0])
    rate = small[table[RATE] : table[RATE] + d]
    start = dims.gradient_sum
    correct(h, y0, gate, rate, fixed[start : start + d], offset)
    both = np.empty(2 * d, np.float32)
    product(small, table[SELF], d, d, none, x[0], both[:d])
    product(small, table[OUT], d, d, none, y0[0], both[d:])
    scale = small[table[LAYER_SCALE] : table[LAYER_SCALE] + d]
    for i in range(d):
        both[d + i] = both[d + i] * scale[i] + x[0, i]
    half = d // 2
    hidden = np.empty(half, np.float32)
    product(small, table[CONFIDENCE_IN], half, 2 * d, none, both, hidden)
    confidence = np.empty(1, np.float32)
    confidence[0] = small[table[CONFIDENCE_OUT_BIAS]]
    for i in range(half):
        value = silu(hidden[i] + small[table[CONFIDENCE_IN_BIAS] + i])
        confidence[0] += value * small[table[CONFIDENCE_OUT] + i]
    sums = fixed[start + d : start + d + 1]
    expected, adapted = both[:d].reshape(1, d), both[d:].reshape(1, d)
    strength = dims.strength
    mix(x, adapted, expected, confidence, sums, strength, offset, reflection)
