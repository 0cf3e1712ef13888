"""Selective activation: only the largest hidden values pass."""

import mlx.core as mx


def selective_activation(hidden: mx.array, keep: int) -> mx.array:
    """Zero all but the `keep` entries of largest magnitude of each token.

    Exactly `keep` entries survive; which of several equal ones is not defined.

    Args:
        hidden: feed-forward activations [..., F].
        keep: number of entries to keep, from 0 to F.

    Returns:
        An array of the same shape and dtype.
    """
    drop = hidden.shape[-1] - keep
    if drop <= 0:
        return hidden
    if keep <= 0:
        return mx.zeros_like(hidden)
    # What is kept is no smooth function of the values: its gradient is nothing.
    size = mx.stop_gradient(mx.abs(hidden))
    order = mx.argpartition(size, drop, axis=-1)
    zero = mx.zeros((1,) * hidden.ndim, dtype=hidden.dtype)
    return mx.put_along_axis(hidden, order[..., :drop], zero, axis=-1)
