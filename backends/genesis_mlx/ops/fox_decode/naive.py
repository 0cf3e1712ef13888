"""The definition of one decoded token of forgetting attention."""

import mlx.core as mx

from .weights import FoXPast, FoXStep, FoXWeights


def naive_fox_decode(
    proj: mx.array, x: mx.array, conv: mx.array, past: FoXPast, weights: FoXWeights
) -> FoXStep:
    """From the merged projection to o_proj's input (arXiv 2503.02130, "Pro").

    Convolution and SiLU on keys and values, RMS norms on queries and keys, the
    attention of `naive_forgetting_attention`, and the gated norm, all float32.

    Args:
        proj: q, k, v and the output gate of one token [B, 1, (3 H + Hk) Dh].
        x: the mixer's input [B, 1, D].
        conv: the W - 1 projections before [B, W - 1, (Hk + H) Dh].
        past: keys, values and decays so far, with room in the tail.
        weights: the mixer's parameters.

    Returns:
        See `FoXStep`. What of the tail is not filled then is zeros.
    """
    wide, dtype = mx.float32, proj.dtype
    batch, heads = proj.shape[0], weights.gate_weight.shape[0]
    dh = weights.norm_weight.shape[0]
    kv = weights.k_norm.shape[0] // dh
    channels = (kv + heads) * dh
    q, kv_in, gate = mx.split(proj, [heads * dh, heads * dh + channels], axis=-1)
    window = mx.concatenate([conv, kv_in], axis=1)
    mixed = (window.astype(wide) * weights.conv_weight.astype(wide)).sum(axis=1)
    mixed = mixed * mx.sigmoid(mixed)
    k = _rms(mixed[:, : kv * dh].reshape(batch, kv, 1, dh), weights.eps)
    k = k * weights.k_norm.astype(wide).reshape(kv, 1, dh)
    v = mixed[:, kv * dh :].reshape(batch, heads, 1, dh)
    q = _rms(q.astype(wide).reshape(batch, heads, dh), weights.eps)
    q = q * weights.q_norm.astype(wide).reshape(heads, dh) * dh**-0.5

    x = x[:, 0].astype(wide)
    z = (x[:, None] * weights.gate_weight.astype(wide)).sum(-1) + weights.gate_bias
    log_forget = -mx.logaddexp(-z.astype(wide), 0.0)
    since = past.since + log_forget
    places = mx.arange(past.tail_keys.shape[2])
    there, here = places < past.filled, (places == past.filled)[:, None]
    tail_decay = mx.where(there, past.tail_decay + log_forget[..., None], 0.0)
    tail_keys = mx.where(there[:, None], past.tail_keys.astype(wide), 0.0)
    tail_keys = mx.where(here, k, tail_keys)
    tail_values = mx.where(there[:, None], past.tail_values.astype(wide), 0.0)
    tail_values = mx.where(here, v, tail_values)
    keys, values = tail_keys, tail_values
    decay = mx.where(places <= past.filled, tail_decay, -mx.inf)
    if past.settled:
        keys = mx.concatenate([past.keys.astype(wide), keys], axis=2)
        values = mx.concatenate([past.values.astype(wide), values], axis=2)
        decay = mx.concatenate([past.decay + since[..., None], decay], axis=2)
    keys = mx.repeat(keys, heads // kv, axis=1)
    weight = mx.softmax((q[:, :, None] * keys).sum(-1) + decay, axis=-1)
    out = _rms((weight[..., None] * values).sum(2), weights.eps)
    gate = gate.astype(wide).reshape(batch, heads, dh)
    y = out * weights.norm_weight.astype(wide) * gate * mx.sigmoid(gate)
    return FoXStep(
        y.reshape(batch, 1, heads * dh).astype(dtype),
        window[:, 1:],
        since,
        tail_keys.astype(dtype),
        tail_values.astype(dtype),
        tail_decay,
        log_forget[:, None],
    )


def _rms(x: mx.array, eps: float) -> mx.array:
    return x * mx.rsqrt((x * x).mean(-1, keepdims=True) + eps)
