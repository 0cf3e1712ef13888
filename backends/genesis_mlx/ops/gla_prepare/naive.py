"""The definition of what a prompt's tokens are for gated linear attention."""

import mlx.core as mx

from ....genesis.constants import L2_EPS
from .weights import GLAPrepared, GLATaps


def naive_gla_prepare(
    proj: mx.array,
    gate: mx.array,
    conv: mx.array,
    rotary: tuple[mx.array, mx.array],
    taps: GLATaps,
) -> GLAPrepared:
    """Convolution, SiLU, L2 norm, rotary positions and gate, in float32 throughout.

        g = -exp(a_log) softplus(gate + gate_bias), or -softplus(-gate) / normalizer

    Args:
        proj: q, k, v, and whatever comes after them [B, L, channels or more].
        gate: the gate's logits [B, L, H].
        conv: the W - 1 projections before these [B, W - 1, channels].
        rotary: cosines and sines [L, 1, half].
        taps: the mixer's parameters.
    """
    wide = mx.float32
    batch, length = proj.shape[:2]
    channels, size = conv.shape[2], taps.conv_weight.shape[0]
    window = mx.concatenate([conv, proj[..., :channels]], axis=1)
    weight = taps.conv_weight.astype(wide)
    parts = [window[:, w : w + length].astype(wide) * weight[w] for w in range(size)]
    mixed = mx.stack(parts).sum(0)
    mixed = mixed * mx.sigmoid(mixed)
    heads, dk = taps.heads + taps.kv_heads, taps.key_width
    qk = mixed[..., : heads * dk].reshape(batch, length, heads, dk)
    qk = qk / (mx.sqrt((qk * qk).sum(-1, keepdims=True)) + L2_EPS)
    cosines, sines = (table.astype(wide) for table in rotary)
    half = cosines.shape[-1]
    first, second, rest = mx.split(qk, [half, 2 * half], axis=-1)
    pair = [first * cosines - second * sines, second * cosines + first * sines]
    qk = mx.concatenate([*pair, rest], axis=-1).astype(proj.dtype)
    v = mixed[..., heads * dk :].reshape(batch, length, taps.kv_heads, -1)
    z = gate.astype(wide)
    if taps.a_log is None or taps.gate_bias is None:
        log_decay = -mx.logaddexp(-z, 0.0) / taps.normalizer
    else:
        rate = mx.exp(taps.a_log.astype(wide))
        log_decay = -rate * mx.logaddexp(z + taps.gate_bias.astype(wide), 0.0)
    q, k = mx.split(qk, [taps.heads], axis=2)
    return GLAPrepared(q, k, v.astype(proj.dtype), window[:, length:], log_decay)
