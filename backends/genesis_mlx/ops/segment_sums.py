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
    sums = mx.cumsum(mx.where(rows > columns, x[..., :, None], 0.0), axis=-2)
    return mx.where(rows >= columns, sums, -mx.inf)
