"""One token through an ordinary decoder, compiled as one piece."""

import numpy as np

from .. import decoder_layout as at
from ..compiling import kernel
from ..ops.attention import attention
from ..ops.embedding import embed
from ..ops.kv_cache import store
from ..ops.norms import normalize_heads, rms_norm
from ..ops.output_head import output_head
from ..ops.products import multiply
from ..ops.rotary import apply_rotary, rotary_tables
from ..ops.selective_swiglu import selective_swiglu
from ..products import ATTN_IN, ATTN_OUT, FFN_DOWN, FFN_IN, PER_BLOCK

NORM, FFN_NORM, Q_NORM, K_NORM = at.NORM, at.FFN_NORM, at.Q_NORM, at.K_NORM
IN_BIAS, OUT_BIAS = at.IN_BIAS, at.OUT_BIAS
FFN_IN_BIAS, DOWN_BIAS = at.FFN_IN_BIAS, at.DOWN_BIAS
TURNED, WINDOW = at.TURNED, at.WINDOW


@kernel
def decode(
    matrices,
    small,
    products,
    table,
    frequencies,
    dims,
    token,
    keys,
    values,
    used,
    offset,
    logits,
    x,
):
    """Read one token and update the state, all of it or, interrupted, nothing.

    Args:
        matrices: large weights, float32 or codes.
        small: everything else, float32.
        products: `products.Products`.
        table: `decoder_layout.block_table`.
        frequencies: radians per token [Dh / 2].
        dims: `decoder_layout.DecoderDimensions`.
        token: id [1].
        keys: [blocks, Hk, room, Dh], with room for one more; updated.
        values: [blocks, Hk, room, Dh]; updated.
        used: [1] int64, how much of the room is taken; updated.
        offset: [1] int64, tokens read; updated.
        logits: filled [V]; empty to leave the head out.
        x: filled [1, D] with the vector before the final norm.
    """
    h, hk, dh = dims.H, dims.Hk, dims.Dh
    position = offset[0]
    embed(matrices, products.factors, dims, token, x)
    n = np.empty_like(x)
    y = np.empty(dims.D, np.float32)
    p = np.empty((1, (h + 2 * hk) * dh), np.float32)
    out = np.empty(h * dh, np.float32)
    pair = np.empty((1, 2 * dims.F), np.float32)
    hidden = np.empty((1, dims.F), np.float32)
    cos, sin = rotary_tables(frequencies, position)
    # Numba would compile kernels anew for a number that is written out.
    start = np.int64(0)
    for b in range(table.shape[0]):
        block, first = table[b], b * PER_BLOCK
        rms_norm(x, small[block[NORM] : block[NORM] + dims.D], dims.norm_eps, n)
        multiply(matrices, products, first + ATTN_IN, n[0], p[0])
        _add_bias(p[0], small, block[IN_BIAS])
        if block[Q_NORM] >= 0:
            gain = small[block[Q_NORM] : block[Q_NORM] + dh]
            normalize_heads(p, start, h, dh, gain, dims.norm_eps)
            gain = small[block[K_NORM] : block[K_NORM] + dh]
            normalize_heads(p, h * dh, hk, dh, gain, dims.norm_eps)
        if block[TURNED]:
            apply_rotary(p, start, h + hk, dh, cos, sin)
        store(p, h * dh, keys[b], position)
        store(p, (h + hk) * dh, values[b], position)
        begin = max(position - block[WINDOW] + 1, 0) if block[WINDOW] else start
        attention(p[0, : h * dh], keys[b], values[b], begin, position + 1, out)
        multiply(matrices, products, first + ATTN_OUT, out, y)
        _add(x[0], y, small, block[OUT_BIAS])
        rms_norm(x, small[block[FFN_NORM] : block[FFN_NORM] + dims.D], dims.norm_eps, n)
        multiply(matrices, products, first + FFN_IN, n[0], pair[0])
        _add_bias(pair[0], small, block[FFN_IN_BIAS])
        selective_swiglu(pair, dims.F, hidden)
        multiply(matrices, products, first + FFN_DOWN, hidden[0], y)
        _add(x[0], y, small, block[DOWN_BIAS])
    if logits.shape[0]:
        output_head(matrices, small, products, dims, x, n, logits)
    used[0] = position + 1
    offset[0] = position + 1


@kernel
def _add_bias(y, small, bias):
    if bias >= 0:
        for i in range(y.shape[0]):
            y[i] += small[bias + i]


@kernel
def _add(x, y, small, bias):
    """x += y, and the bias if there is one."""
    _add_bias(y, small, bias)
    for i in range(x.shape[0]):
        x[i] += y[i]
