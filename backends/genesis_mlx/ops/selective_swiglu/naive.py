"""The definition of a SwiGLU that keeps a row's largest values."""

import mlx.core as mx


def naive_selective_swiglu(proj: mx.array, keep: int) -> mx.array:
    """silu(gate) * up (arXiv 2002.05202), all but `keep` values of a row zeroed.

    The values of largest magnitude stay, of equal ones the first.

    Args:
        proj: gate and up side by side [..., 2 F].
        keep: values of a row to keep, from 0 to F.

    Returns:
        An array [..., F] in the dtype of proj, in which selection happens too.
    """
    gate, up = mx.split(proj.astype(mx.float32), 2, axis=-1)
    hidden = (gate * mx.sigmoid(gate) * up).astype(proj.dtype)
    # MLX's sort is stable: of equal magnitudes the earlier index comes first.
    order = mx.argsort(-mx.abs(hidden), axis=-1)
    ranks = mx.argsort(order, axis=-1)
    return mx.where(ranks < keep, hidden, mx.zeros_like(hidden))
