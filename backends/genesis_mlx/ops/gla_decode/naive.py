"""The definition of one decoded token of gated linear attention."""

import mlx.core as mx

from ....genesis.constants import L2_EPS
from .weights import GLAStep, GLAWeights


def naive_gla_decode(
    proj: mx.array,
    x: mx.array,
    conv: mx.array,
    state: mx.array,
    rotary: tuple[mx.array, mx.array],
    weights: GLAWeights,
) -> GLAStep:
    """From the merged projection to o_proj's input (arXiv 2412.06464, section 3.3).

    Convolution, SiLU, L2 norm, rotary positions, gate, the recurrence of
    `naive_gla` or, with beta, of the delta rule

        S_t = exp(g) S + k (beta (v - k exp(g) S))^T

    and the gated norm, in float32 throughout.

    Args:
        proj: q, k, v and the output gate of one token [B, 1, channels + H Dv].
        x: the mixer's input [B, 1, D].
        conv: the W - 1 projections before [B, W - 1, channels].
        state: S before the token [B, H, Dk, Dv] float32.
        rotary: cosines and sines [1, 1, half], or of each text [B, 1, 1, half].
        weights: the mixer's parameters.

    Returns:
        See `GLAStep`.
    """
    wide = mx.float32
    batch, heads, dk, dv = state.shape
    kv = weights.kv_heads
    channels = conv.shape[2]
    window = mx.concatenate([conv, proj[..., :channels]], axis=1)
    mixed = (window.astype(wide) * weights.conv_weight.astype(wide)).sum(axis=1)
    mixed = mixed * mx.sigmoid(mixed)
    qk = mixed[:, : (heads + kv) * dk].reshape(batch, heads + kv, dk)
    qk = qk / (mx.sqrt((qk * qk).sum(-1, keepdims=True)) + L2_EPS)
    half = rotary[0].shape[-1]
    qk = _turned(qk, *(each.reshape(-1, 1, half).astype(wide) for each in rotary))
    q, k = qk[:, :heads], mx.tile(qk[:, heads:], (1, heads // kv, 1))
    v = mixed[:, (heads + kv) * dk :].reshape(batch, kv, dv)
    v = mx.tile(v, (1, heads // kv, 1))

    x = x[:, 0].astype(wide)
    z = (x[:, None] * weights.gate_weight.astype(wide)).sum(-1) + weights.gate_bias
    if weights.a_log is None:
        log_decay = -mx.logaddexp(-z.astype(wide), 0.0) / weights.normalizer
    else:
        log_decay = -mx.exp(weights.a_log.astype(wide)) * mx.logaddexp(z, 0.0)
    state = mx.exp(log_decay)[..., None, None] * state
    if weights.beta_weight is not None and weights.beta_bias is not None:
        beta = (x[:, None] * weights.beta_weight.astype(wide)).sum(-1)
        beta = mx.sigmoid(beta + weights.beta_bias)
        v = beta[..., None] * (v - (k[..., None] * state).sum(-2))
    state = state + k[..., None] * v[..., None, :]
    out = (q[..., None] * state).sum(-2) * dk**-0.5

    out = out * mx.rsqrt((out * out).mean(-1, keepdims=True) + weights.eps)
    gate = proj[:, 0, channels:].astype(wide).reshape(batch, heads, dv)
    y = out * weights.norm_weight.astype(wide) * gate * mx.sigmoid(gate)
    y = y.reshape(batch, 1, heads * dv).astype(proj.dtype)
    return GLAStep(y, window[:, 1:], state, log_decay[:, None])


def _turned(x: mx.array, cosines: mx.array, sines: mx.array) -> mx.array:
    half = cosines.shape[-1]
    first, second, rest = mx.split(x, [half, 2 * half], axis=-1)
    pair = [first * cosines - second * sines, second * cosines + first * sines]
    return mx.concatenate([*pair, rest], axis=-1)
