"""Sums of log decays between two tokens."""

import mlx.core as mx


def segment_sums(x: mx.array) -> mx.array:
    """Sums of every segment: entry i, j is x_{j+1} + ... + x_i.

    Each segment is summed by itself: as a difference of two running sums, a weak
    decay after a strong one would drown in the rounding of the strong one. Above the
    diagonal, where a sum's negative would overflow `exp`, entries are -inf.

    Args:
        x: log decays [..., C] float32.

    Returns:
        Sums [..., C, C] float32; the diagonal is 0.
    """
    rows = mx.arange(x.shape[-1])[:, None]
    columns = mx.arange(x.shape[-1])
    # Products and sums, as MLX's CPU selects thirty times as slowly as it multiplies.
    # An infinite decay would be NaN above the diagonal.
    finite = mx.maximum(x, mx.finfo(mx.float32).min)[..., :, None]
    sums = mx.cumsum(finite * (rows > columns), axis=-2)
    return sums + mx.where(rows >= columns, 0.0, -mx.inf)
