"""The definition of a residual sum with its norm."""

import mlx.core as mx


def naive_add_rms_norm(
    x: mx.array, delta: mx.array, gain: mx.array, eps: float, offset: int
) -> tuple[mx.array, mx.array]:
    """A residual sum and its root-mean-square norm (arXiv 1910.07467).

        total = x + delta
        normed = total / sqrt(mean(total^2) + eps) * (offset + gain)

    Args:
        x: the residual stream [..., D].
        delta: what a layer adds to it [..., D].
        gain: weights of the norm [D].
        eps: added to the mean square.
        offset: 1 for a zero-centred gain, else 0.

    Returns:
        total and normed, in the shape and dtype of x.
    """
    total = x + delta
    wide = total.astype(mx.float32)
    inverse = mx.rsqrt((wide * wide).mean(-1, keepdims=True) + eps)
    normed = wide * inverse * (offset + gain.astype(mx.float32))
    return total, normed.astype(x.dtype)
