"""Forgetting attention in matrix products, a block of queries at a time."""

import mlx.core as mx

from ....mlx_base.exponentials import softmax
from ..segment_sums import segment_sums

BLOCK = 128


def blocked_forgetting_attention(
    q: mx.array,
    k: mx.array,
    v: mx.array,
    log_forget: mx.array,
    decay: mx.array,
    block: int = BLOCK,
) -> tuple[mx.array, mx.array]:
    """The same function as `naive_forgetting_attention`, for blocks of `block` queries.

    A block reads only the keys up to its last query, which halves the work of a long
    prefill and bounds the score matrix at [B, H, block, S]. Shapes and dtypes are
    those of `naive_forgetting_attention`.
    """
    length = q.shape[1]
    first = k.shape[1] - length
    keys = k.transpose(0, 2, 3, 1)
    values = v.swapaxes(1, 2)
    gates = log_forget.swapaxes(1, 2)
    outputs = []
    for start in range(0, length, block):
        stop = min(start + block, length)
        part, seen = gates[..., start:stop], first + stop
        # Sums of one sign only, so that no precision is lost to their size.
        earlier = mx.cumsum(part, axis=-1)[..., None] + decay[..., None, :]
        decays = mx.concatenate([earlier, segment_sums(part)], axis=-1)
        outputs.append(
            _attend(q[:, start:stop], keys[..., :seen], values[:, :, :seen], decays)
        )
        decay = decays[..., -1, :]
    whole = outputs[0] if len(outputs) == 1 else mx.concatenate(outputs, axis=1)
    return whole, decay


def _attend(
    q: mx.array, keys: mx.array, values: mx.array, decays: mx.array
) -> mx.array:
    """One block; q [B, L, H, Dk], keys [B, Hk, Dk, S], values [B, H, S, Dv]."""
    batch, length, heads, width = q.shape
    kv_heads, seen = keys.shape[1], keys.shape[3]
    # Query heads of one key head are neighbours: fold them into the rows.
    rows = (q * width**-0.5).swapaxes(1, 2).reshape(batch, kv_heads, -1, width)
    scores = (rows @ keys).astype(mx.float32).reshape(batch, heads, length, seen)
    weights = softmax(scores + decays).astype(values.dtype)
    return (weights @ values).swapaxes(1, 2).astype(mx.float32)
