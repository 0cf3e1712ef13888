"""The definition of what a prompt's tokens are for forgetting attention."""

import mlx.core as mx

from .weights import FoXPrepared, FoXTaps


def naive_fox_prepare(
    proj: mx.array, gate: mx.array, conv: mx.array, taps: FoXTaps
) -> FoXPrepared:
    """Convolution and SiLU on keys and values, RMS norms on queries and keys, and the
    log of the forget gates, in float32 throughout (arXiv 2503.02130, "Pro").

    Args:
        proj: q, k, v, and whatever comes after them [B, L, (2 H + Hk) Dh or more].
        gate: the forget gates' logits [B, L, H].
        conv: the W - 1 projections before these [B, W - 1, (Hk + H) Dh].
        taps: the mixer's parameters.
    """
    wide, dh = mx.float32, taps.width
    batch, length = proj.shape[:2]
    heads, kv = (norm.shape[0] // dh for norm in (taps.q_norm, taps.k_norm))
    channels, size = conv.shape[2], taps.conv_weight.shape[0]
    inputs = proj[..., heads * dh : heads * dh + channels]
    window = mx.concatenate([conv, inputs], axis=1)
    weight = taps.conv_weight.astype(wide)
    parts = [window[:, w : w + length].astype(wide) * weight[w] for w in range(size)]
    mixed = mx.stack(parts).sum(0)
    mixed = mixed * mx.sigmoid(mixed)
    q = proj[..., : heads * dh].reshape(batch, length, heads, dh).astype(wide)
    q = _rms(q, taps.eps) * taps.q_norm.astype(wide).reshape(heads, dh)
    k = mixed[..., : kv * dh].reshape(batch, length, kv, dh)
    k = _rms(k, taps.eps) * taps.k_norm.astype(wide).reshape(kv, dh)
    v = mixed[..., kv * dh :].reshape(batch, length, heads, dh)
    return FoXPrepared(
        q.astype(proj.dtype),
        k.swapaxes(1, 2).astype(proj.dtype),
        v.swapaxes(1, 2).astype(proj.dtype),
        window[:, length:],
        -mx.logaddexp(-gate.astype(wide), 0.0),
    )


def _rms(x: mx.array, eps: float) -> mx.array:
    return x * mx.rsqrt((x * x).mean(-1, keepdims=True) + eps)
