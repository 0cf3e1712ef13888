"""Gated linear attention in parallel over chunks of tokens."""

import mlx.core as mx

from ....mlx_base.exponentials import exp
from ..segment_sums import segment_sums

CHUNK = 64


def chunked_gla(
    q: mx.array,
    k: mx.array,
    v: mx.array,
    log_decay: mx.array,
    state: mx.array,
    chunk: int = CHUNK,
) -> tuple[mx.array, mx.array]:
    """The same function as `naive_gla`, with matrix products instead of a time loop.

    Inside a chunk the decay from token j to token i is exp of the log decays' sum
    between them (arXiv 2312.06635, section 4). As the decay is one number per head,
    the states at all chunk borders are one triangular matrix product too, so nothing
    runs in sequence.

    Shapes and dtypes are those of `naive_gla`; `chunk` is in tokens.
    """
    batch, length, heads, dk = q.shape
    kv_heads, dv = v.shape[2:]
    groups = heads // kv_heads
    size = min(chunk, length)
    count = -(-length // size)
    padding = count * size - length

    # Query head h reads key/value head h mod Hk, so heads unfold as [G, Hk].
    # q: [B, Hk, N, G, C, Dk]; k, v: [B, Hk, N, C, D]; g: [B, Hk, N, G, C]
    q = _pad(q.astype(mx.float32) * dk**-0.5, padding)
    q = q.reshape(batch, count, size, groups, kv_heads, dk).transpose(0, 4, 1, 3, 2, 5)
    k = _pad(k.astype(mx.float32), padding)
    k = k.reshape(batch, count, size, kv_heads, dk).transpose(0, 3, 1, 2, 4)
    v = _pad(v.astype(mx.float32), padding)
    v = v.reshape(batch, count, size, kv_heads, dv).transpose(0, 3, 1, 2, 4)
    g = _pad(log_decay.astype(mx.float32), padding)
    g = g.reshape(batch, count, size, groups, kv_heads).transpose(0, 4, 1, 3, 2)
    decay = exp(segment_sums(g))
    since_start = mx.cumsum(g, axis=-1)
    rows = (batch, kv_heads, count, groups * size)

    # What each chunk adds to the state: k_j v_j^T, decayed from j to its end.
    weighted = k.swapaxes(-1, -2)[:, :, :, None] * decay[..., -1:, :]
    added = weighted.reshape(batch, kv_heads, count, groups * dk, size) @ v
    added = added.reshape(batch, kv_heads, count, groups, dk * dv)

    # The state before each chunk, and after the last one.
    total = since_start[..., -1].transpose(0, 1, 3, 2)
    carry = _after_zero(exp(segment_sums(total)), axis=-2)
    from_start = mx.exp(_after_zero(mx.cumsum(total, axis=-1), axis=-1))
    initial = state.reshape(batch, groups, kv_heads, 1, dk * dv).swapaxes(1, 2)
    states = carry @ added.transpose(0, 1, 3, 2, 4)
    states = states + from_start[..., None] * initial
    final = states[..., -1, :].swapaxes(1, 2).reshape(batch, heads, dk, dv)
    before = states[..., :-1, :].reshape(batch, kv_heads, groups, count, dk, dv)

    # What a token reads: the state before its chunk, and its own chunk up to itself.
    scores = q.reshape(*rows, dk) @ k.swapaxes(-1, -2)
    scores = scores.reshape(batch, kv_heads, count, groups, size, size)
    near = (scores * decay).reshape(*rows, size) @ v
    far = (q * mx.exp(since_start)[..., None]) @ before.transpose(0, 1, 3, 2, 4, 5)
    out = near.reshape(batch, kv_heads, count, groups, size, dv) + far
    out = out.transpose(0, 2, 4, 3, 1, 5).reshape(batch, count * size, heads, dv)
    return out[:, :length], final


def _pad(x: mx.array, tokens: int) -> mx.array:
    if not tokens:
        return x
    return mx.pad(x, [(0, 0), (0, tokens), *[(0, 0)] * (x.ndim - 2)])


def _after_zero(x: mx.array, axis: int) -> mx.array:
    first = mx.zeros_like(mx.take(x, mx.array([0]), axis=axis))
    return mx.concatenate([first, x], axis=axis)
