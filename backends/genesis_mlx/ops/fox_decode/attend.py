"""One token's attention to blocks and a tail, in MLX operations."""

from typing import NamedTuple

import mlx.core as mx

from .weights import FoXPast


class Attended(NamedTuple):
    """out [B, 1, H, Dh] float32; the others as in `FoXPast`, the token in the tail."""

    out: mx.array
    since: mx.array
    tail_keys: mx.array
    tail_values: mx.array
    tail_decay: mx.array


def attend_fox_decode(
    q: mx.array, k: mx.array, v: mx.array, log_forget: mx.array, past: FoXPast
) -> Attended:
    """The attention of `naive_forgetting_attention` for one token.

    Args:
        q: its query [B, 1, H, Dh].
        k: its key [B, 1, Hk, Dh].
        v: its value [B, 1, H, Dh].
        log_forget: its log forget gates [B, 1, H] float32.
        past: keys, values and decays before it, with room in the tail.
    """
    batch, _, heads, width = q.shape
    kv_heads = k.shape[2]
    places = mx.arange(past.tail_keys.shape[2])
    here = (places == past.filled)[:, None]
    tail_keys = mx.where(here, k.swapaxes(1, 2), past.tail_keys)
    tail_values = mx.where(here, v.swapaxes(1, 2), past.tail_values)
    gate = log_forget.swapaxes(1, 2)
    since = past.since + log_forget[:, 0]
    tail_decay = mx.where(places < past.filled, past.tail_decay + gate, 0.0)
    # Query heads of one key head are neighbours: fold them into the rows.
    rows = (q * width**-0.5).reshape(batch, kv_heads, -1, width)
    scores = rows @ tail_keys.swapaxes(2, 3)
    decay = mx.where(places <= past.filled, tail_decay, -mx.inf)
    if past.settled:
        scores = mx.concatenate([rows @ past.keys.swapaxes(2, 3), scores], axis=-1)
        decay = mx.concatenate([past.decay + since[..., None], decay], axis=-1)
    scores = scores.reshape(batch, heads, -1).astype(mx.float32)
    weights = mx.softmax(scores + decay, axis=-1).astype(v.dtype)[:, :, None]
    out = weights[..., past.settled :] @ tail_values
    if past.settled:
        out = out + weights[..., : past.settled] @ past.values
    out = out.swapaxes(1, 2).astype(mx.float32)
    return Attended(out, since, tail_keys, tail_values, tail_decay)
