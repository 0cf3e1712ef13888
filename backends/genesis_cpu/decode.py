"""One token through the whole model, compiled as one piece."""

import math

import numpy as np

from ..genesis.constants import FOX_CONV_SIZE, FOX_NORM_EPS, GLA_NORM_EPS, ROTARY_BASE
from . import layout as at
from .compiling import kernel
from .ops.activations import sigmoids
from .ops.embedding import embed
from .ops.forgetting_attention import forgetting_attention, log_forget
from .ops.gated_delta_rule import gated_delta_rule
from .ops.gated_linear_attention import gated_linear_attention, log_decay
from .ops.kv_cache import store
from .ops.metacognition import metacognition
from .ops.norms import normalize_heads, rms_norm
from .ops.output_gate import gate_output
from .ops.output_head import output_head
from .ops.products import multiply
from .ops.products_by_row import product
from .ops.rotary import apply_rotary
from .ops.selective_swiglu import selective_swiglu
from .ops.short_convolution import short_convolution
from .products import ATTN_IN, ATTN_OUT, FFN_DOWN, FFN_IN, PER_BLOCK

KIND, NORM, IN_PROJ_ROWS, FFN_NORM = at.KIND, at.NORM, at.IN_PROJ_ROWS, at.FFN_NORM
TAPS, GATE, GATE_BIAS, RATES = at.TAPS, at.GATE, at.GATE_BIAS, at.RATES
TIME_BIAS, Q_NORM, K_NORM, OUT_NORM = at.TIME_BIAS, at.Q_NORM, at.K_NORM, at.OUT_NORM
STATE, CONV_STATE, ATTENTION = at.STATE, at.CONV_STATE, at.ATTENTION
STEP, STEP_BIAS, GLA, FOX = at.STEP, at.STEP_BIAS, at.GLA, at.FOX


@kernel
def decode(
    matrices,
    small,
    products,
    table,
    metacognition_table,
    dims,
    diagonal,
    token,
    fixed,
    keys,
    values,
    decay,
    used,
    offset,
    ttt,
    logits,
    x,
    gates,
    reflection,
):
    """Read one token and update the state, all of it or, interrupted, nothing.

    Args:
        matrices: large weights, float32 or codes.
        small: everything else, float32.
        products: `products.Products`.
        table: `tables.block_table`.
        metacognition_table: `tables.metacognition_table`.
        dims: `layout.Dimensions`.
        diagonal: whether W0 is.
        token: id [1].
        fixed: flat state; updated.
        keys: [layers, Hk, room, Dh], with room for one more; updated.
        values: [layers, Hv, room, Dh]; updated.
        decay: [layers, H, room]; updated.
        used: [1] int64, how much of the room is taken; updated.
        offset: [1] int64, tokens read; updated.
        ttt: whether test-time training is on.
        logits: filled [V]; empty to leave the head out.
        x: filled [1, D] with the vector before the final norm.
        gates: filled with every block's log gates [blocks, H].
        reflection: with test-time training filled as `confidence_mix` does [1, 3].
    """
    d = dims.D
    position = offset[0]
    embed(matrices, products.factors, dims, token, x)
    n = np.empty((1, d), np.float32)
    y = np.empty(d, np.float32)
    p = np.empty((1, 2 * dims.F), np.float32)
    hidden = np.empty((1, dims.F), np.float32)
    for b in range(table.shape[0]):
        block = table[b]
        rms_norm(x, small[block[NORM] : block[NORM] + d], dims.norm_eps, n)
        first = b * PER_BLOCK
        q = np.empty((1, block[IN_PROJ_ROWS]), np.float32)
        multiply(matrices, products, first + ATTN_IN, n[0], q[0])
        if block[KIND] == GLA:
            out, gate = _gla(q, n, small, block, dims, fixed, position)
        else:
            layer = block[ATTENTION]
            k, v, faded = keys[layer], values[layer], decay[layer]
            if block[KIND] == FOX:
                out, gate = _fox(q, n, small, block, dims, fixed, k, v, faded, position)
            else:
                out, gate = _gated(q, small, dims, k, v, faded, position)
        for h in range(gate.shape[1]):
            gates[b, h] = gate[0, h]
        multiply(matrices, products, first + ATTN_OUT, out[0], y)
        for i in range(d):
            x[0, i] += y[i]
        rms_norm(x, small[block[FFN_NORM] : block[FFN_NORM] + d], dims.norm_eps, n)
        multiply(matrices, products, first + FFN_IN, n[0], p[0])
        selective_swiglu(p, dims.keep, hidden)
        multiply(matrices, products, first + FFN_DOWN, hidden[0], y)
        for i in range(d):
            x[0, i] += y[i]
    if ttt:
        metacognition(
            x, small, metacognition_table, dims, diagonal, fixed, position, reflection
        )
    if logits.shape[0]:
        output_head(matrices, small, products, dims, x, n, logits)
    used[0] = position + 1
    offset[0] = position + 1


@kernel
def _angles(half, position):
    cos, sin = np.empty((1, half), np.float32), np.empty((1, half), np.float32)
    for i in range(half):
        frequency = np.float32(ROTARY_BASE ** (-i / half))
        angle = np.float32(position) * frequency
        cos[0, i] = np.float32(math.cos(angle))
        sin[0, i] = np.float32(math.sin(angle))
    return cos, sin


@kernel
def _gla(p, n, small, block, dims, fixed, position):
    h, hk, dk, dv, d = dims.H, dims.Hk, dims.Dk, dims.Dv, dims.D
    channels = (h + hk) * dk + hk * dv
    # Numba would compile kernels anew for a number that is written out.
    start, taps = np.int64(0), dims.gla_taps
    if taps:
        weight = small[block[TAPS] : block[TAPS] + taps * channels]
        size = (taps - 1) * channels
        state = fixed[block[CONV_STATE] : block[CONV_STATE] + size]
        short_convolution(
            p,
            start,
            weight.reshape(taps, channels),
            state.reshape(taps - 1, channels),
            dims.gla_silu_from,
        )
    gain = small[:0] if dims.gla_l2 else small[block[Q_NORM] : block[Q_NORM] + dk]
    normalize_heads(p, start, h, dk, gain, GLA_NORM_EPS)
    gain = small[:0] if dims.gla_l2 else small[block[K_NORM] : block[K_NORM] + dk]
    normalize_heads(p, h * dk, hk, dk, gain, GLA_NORM_EPS)
    cos, sin = _angles(dims.half, position)
    apply_rotary(p, start, h + hk, dk, cos, sin)
    gate = _gate(n, small, block[GATE], block[GATE_BIAS], h, d)
    rates = small[block[RATES] : block[RATES] + h] if block[RATES] >= 0 else small[:0]
    bias = small[block[TIME_BIAS] : block[TIME_BIAS] + h]
    log_decay(gate, rates, bias, dims.normalizer)
    out = np.empty((1, h * dv), np.float32)
    state = fixed[block[STATE] : block[STATE] + h * dk * dv].reshape(h, dk, dv)
    if dims.delta_rule:
        beta = _gate(n, small, block[STEP], block[STEP_BIAS], h, d)
        sigmoids(beta)
        gated_delta_rule(p, start, h * dk, (h + hk) * dk, gate, beta, state, out)
    else:
        gated_linear_attention(p, start, h * dk, (h + hk) * dk, gate, state, out)
    gain = small[block[OUT_NORM] : block[OUT_NORM] + dv]
    gate_output(out, p, channels, h, gain, GLA_NORM_EPS)
    return out, gate


@kernel
def _fox(p, n, small, block, dims, fixed, keys, values, decay, position):
    h, hk, dh, d = dims.H, dims.Hk, dims.Dh, dims.D
    first, pro = np.int64(0), block[TAPS] >= 0
    if pro:
        channels = (h + hk) * dh
        weight = small[block[TAPS] : block[TAPS] + FOX_CONV_SIZE * channels]
        size = (FOX_CONV_SIZE - 1) * channels
        state = fixed[block[CONV_STATE] : block[CONV_STATE] + size]
        short_convolution(
            p,
            h * dh,
            weight.reshape(FOX_CONV_SIZE, channels),
            state.reshape(FOX_CONV_SIZE - 1, channels),
            first,
        )
        gain = small[block[Q_NORM] : block[Q_NORM] + h * dh]
        normalize_heads(p, first, h, dh, gain, FOX_NORM_EPS)
        gain = small[block[K_NORM] : block[K_NORM] + hk * dh]
        normalize_heads(p, h * dh, hk, dh, gain, FOX_NORM_EPS)
    store(p, h * dh, keys, position)
    store(p, (h + hk) * dh, values, position)
    gate = _gate(n, small, block[GATE], block[GATE_BIAS], h, d)
    log_forget(gate)
    out = np.empty((1, h * dh), np.float32)
    forgetting_attention(
        p[0, : h * dh], keys, values, position + 1, gate[0], decay, out[0]
    )
    if pro:
        gain = small[block[OUT_NORM] : block[OUT_NORM] + dh]
        gate_output(out, p, (2 * h + hk) * dh, h, gain, FOX_NORM_EPS)
    return out, gate


@kernel
def _gated(p, small, dims, keys, values, decay, position):
    h, hk, dh = dims.H, dims.Hk, dims.Dh
    cos, sin = _angles(dh // 2, position)
    apply_rotary(p, np.int64(0), h + hk, dh, cos, sin)
    store(p, h * dh, keys, position)
    store(p, (h + hk) * dh, values, position)
    out = np.empty((1, h * dh), np.float32)
    none = np.empty((1, 0), np.float32)
    forgetting_attention(
        p[0, : h * dh], keys, values, position + 1, none[0], decay, out[0]
    )
    gate_output(out, p, (h + 2 * hk) * dh, h, small[:0], 0.0)
    return out, none


@kernel
def _gate(n, small, weight, bias, heads, d):
    gate = np.empty((1, heads), np.float32)
    product(small, weight, heads, d, n[0], gate[0])
    if bias >= 0:
        for h in range(heads):
            gate[0, h] += small[bias + h]
    return gate
