"""Gated linear attention (GLA): a decayed state matrix per head."""

import mlx.core as mx

from .chunked import chunked_gla
from .kernel import fits_gla, metal_gla
from .naive import naive_gla

__all__ = [
    "chunked_gla",
    "fits_gla",
    "gated_linear_attention",
    "metal_gla",
    "naive_gla",
]


def gated_linear_attention(
    q: mx.array,
    k: mx.array,
    v: mx.array,
    log_decay: mx.array,
    state: mx.array | None = None,
    kernels: frozenset[str] = frozenset(),
) -> tuple[mx.array, mx.array]:
    """Read and update the state; see `naive_gla` for the equation and shapes.

    Args:
        q: queries [B, L, H, Dk], any float dtype.
        k: keys [B, L, Hk, Dk].
        v: values [B, L, Hk, Dv].
        log_decay: log of the decay [B, L, H] float32.
        state: carried-in state [B, H, Dk, Dv] float32; None is all zeros.
        kernels: names of the Metal kernels to use.

    Returns:
        Outputs [B, L, H, Dv] float32 and the new state.
    """
    if state is None:
        shape = (q.shape[0], q.shape[2], q.shape[3], v.shape[3])
        state = mx.zeros(shape, dtype=mx.float32)
    form = naive_gla if q.shape[1] == 1 else chunked_gla
    if "gla_chunks" in kernels and fits_gla(q.shape[3]):
        form = metal_gla
    return form(q, k, v, log_decay, state)
