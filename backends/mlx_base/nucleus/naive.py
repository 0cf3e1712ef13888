"""The definition of the least score of a nucleus."""

import mlx.core as mx

# A weight of 1, and a share of 1, in the integers they are counted in.
UNIT, WHOLE = 1 << 31, 1 << 32


def naive_nucleus(scores: mx.array, weights: mx.array, share: float) -> mx.array:
    """The least score above which there is at most a share of all weights.

    It is that of nucleus sampling (arXiv 1904.09751) where the weights are
    probabilities: those from it on are the fewest that exceed the share, equal ones
    and the crossing one included. With equal weights and a share of (k - 1/2) / N it
    is the k-th largest score. Weights are counted in integers, multiples of 2^-31, so
    that no order of adding up changes it.

    Args:
        scores: [N] float32.
        weights: of each, from 0 to 1 [N] float32, not all of them 0.
        share: from 0 to 1, itself excluded.

    Returns:
        The score [1] float32.
    """
    units = mx.round(weights * UNIT).astype(mx.uint64)
    above = mx.where(scores[None] > scores[:, None], units[None], 0).sum(axis=-1)
    total, part = units.sum(), int(share * WHOLE)
    low = mx.bitwise_and(total, WHOLE - 1) * part
    limit = mx.right_shift(total, 32) * part + mx.right_shift(low, 32)
    return mx.where(above <= limit, scores, mx.inf).min(keepdims=True)
