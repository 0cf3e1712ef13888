"""Test-time training and the confidence that mixes it in, for one token."""

import numpy as np

from ..compiling import kernel
from ..layout import (
    CONFIDENCE_IN,
    CONFIDENCE_IN_BIAS,
    CONFIDENCE_OUT,
    CONFIDENCE_OUT_BIAS,
    SELF_MODEL,
    TTT_A,
    TTT_B,
    TTT_LAYER_SCALE,
    TTT_NORM,
    TTT_NORM_BIAS,
    TTT_OUT_PROJ,
    TTT_OUTPUT_GATE,
    TTT_RATE,
    TTT_W0,
)
from .arithmetic import silu
from .confidence_mix import confidence_mix
from .norms import layer_norm
from .products_by_row import product
from .test_time_training import test_time_training


@kernel
def metacognition(x, small, table, dims, diagonal, fixed, offset, reflection):
    """Test-time training of one token's vector x [1, D], in place.

    Args:
        x: the last block's output.
        small: the model's small weights.
        table: indices into `small`, by names in `layout`.
        dims: `layout.Dimensions`.
        diagonal: whether W0 is, up to rounding.
        fixed: the flat state; updated.
        offset: tokens read before.
        reflection: filled as `confidence_mix` does [1, 3].
    """
    d, rank = dims.D, dims.R
    h, y0, gate = (
        np.empty((1, d), np.float32),
        np.zeros((1, d), np.float32),
        np.empty((1, d), np.float32),
    )
    weight = small[table[TTT_NORM] : table[TTT_NORM] + d]
    layer_norm(x, weight, small[table[TTT_NORM_BIAS] : table[TTT_NORM_BIAS] + d], h)
    if diagonal:
        for i in range(d):
            y0[0, i] = h[0, i] * small[table[TTT_W0] + i * d + i]
    else:
        for i in range(d):
            row = small[table[TTT_W0] + i * d : table[TTT_W0] + (i + 1) * d]
            for j in range(d):
                y0[0, j] += h[0, i] * row[j]
    for r in range(rank):
        low = np.float32(0)
        for i in range(d):
            low += h[0, i] * small[table[TTT_A] + i * rank + r]
        row = small[table[TTT_B] + r * d : table[TTT_B] + (r + 1) * d]
        for j in range(d):
            y0[0, j] += low * row[j]
    product(small, table[TTT_OUTPUT_GATE], d, d, x[0], gate[0])
    rate = small[table[TTT_RATE] : table[TTT_RATE] + d]
    start = dims.gradient_sum
    test_time_training(h, y0, gate, rate, fixed[start : start + d], offset)
    both = np.empty(2 * d, np.float32)
    product(small, table[SELF_MODEL], d, d, x[0], both[:d])
    product(small, table[TTT_OUT_PROJ], d, d, y0[0], both[d:])
    scale = small[table[TTT_LAYER_SCALE] : table[TTT_LAYER_SCALE] + d]
    for i in range(d):
        both[d + i] = both[d + i] * scale[i] + x[0, i]
    half = d // 2
    hidden = np.empty(half, np.float32)
    product(small, table[CONFIDENCE_IN], half, 2 * d, both, hidden)
    confidence = np.empty(1, np.float32)
    confidence[0] = small[table[CONFIDENCE_OUT_BIAS]]
    for i in range(half):
        value = silu(hidden[i] + small[table[CONFIDENCE_IN_BIAS] + i])
        confidence[0] += value * small[table[CONFIDENCE_OUT] + i]
    sums = fixed[start + d : start + d + 1]
    expected, adapted = both[:d].reshape(1, d), both[d:].reshape(1, d)
    strength = dims.strength
    confidence_mix(x, adapted, expected, confidence, sums, strength, offset, reflection)
