"""Forgetting attention in matrix products, a block of queries at a time."""

import mlx.core as mx

BLOCK = 256


def blocked(
    q: mx.array,
    k: mx.array,
    v: mx.array,
    cumulative: mx.array,
    block: int = BLOCK,
) -> mx.array:
    """The same function as `naive`, for blocks of `block` queries.

    A block reads only the keys up to its last query, which halves the work of a long
    prefill and bounds the score matrix at [B, H, block, S]. Shapes and dtypes are
    those of `naive`.
    """
    length = q.shape[1]
    first = k.shape[1] - length
    keys = k.transpose(0, 2, 3, 1)
    values = v.swapaxes(1, 2)
    decay = cumulative.swapaxes(1, 2)
    outputs = []
    for start in range(0, length, block):
        stop = min(start + block, length)
        seen = first + stop
        outputs.append(
            _attend(
                q[:, start:stop],
                keys[..., :seen],
                values[:, :, :seen],
                decay[:, :, :seen],
            )
        )
    return outputs[0] if len(outputs) == 1 else mx.concatenate(outputs, axis=1)


def _attend(q: mx.array, keys: mx.array, values: mx.array, decay: mx.array) -> mx.array:
    """One block; q [B, L, H, Dk], keys [B, Hk, Dk, S], values [B, H, S, Dv]."""
    batch, length, heads, width = q.shape
    kv_heads, seen = keys.shape[1], keys.shape[3]
    # Query heads of one key head are neighbours: fold them into the rows.
    rows = (q * width**-0.5).swapaxes(1, 2).reshape(batch, kv_heads, -1, width)
    scores = (rows @ keys).astype(mx.float32).reshape(batch, heads, length, seen)
    scores = scores + (decay[..., seen - length :, None] - decay[..., None, :])
    if length > 1:
        causal = mx.arange(seen - length, seen)[:, None] >= mx.arange(seen)
        scores = mx.where(causal, scores, -mx.inf)
    weights = mx.softmax(scores, axis=-1).astype(values.dtype)
    return (weights @ values).swapaxes(1, 2).astype(mx.float32)
