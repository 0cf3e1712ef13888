"""Forgetting attention (FoX): softmax attention lowered by forget gates."""

import mlx.core as mx

from .blocked import blocked_forgetting_attention
from .kernel import fits_forgetting_attention, metal_forgetting_attention
from .naive import naive_forgetting_attention

__all__ = [
    "blocked_forgetting_attention",
    "fits_forgetting_attention",
    "forgetting_attention",
    "metal_forgetting_attention",
    "naive_forgetting_attention",
]


def forgetting_attention(
    q: mx.array,
    k: mx.array,
    v: mx.array,
    log_forget: mx.array,
    decay: mx.array | None = None,
    kernels: frozenset[str] = frozenset(),
) -> tuple[mx.array, mx.array]:
    """Attend causally under forget gates.

    See `naive_forgetting_attention` for the equation.

    Args:
        q: queries [B, L, H, Dk] of the last L of S positions.
        k: keys [B, S, Hk, Dk].
        v: values [B, S, H, Dv].
        log_forget: log forget gates of the L positions [B, L, H] float32.
        decay: what the last call returned [B, H, S - L] float32; None if S is L.
        kernels: names of the Metal kernels to use.

    Returns:
        Outputs [B, L, H, Dv] float32 and the decay of every key so far [B, H, S].
    """
    if decay is None:
        decay = mx.zeros((q.shape[0], q.shape[2], 0))
    fast = "fox_blocks" in kernels and fits_forgetting_attention(q.shape[3], v.shape[3])
    return (metal_forgetting_attention if fast else blocked_forgetting_attention)(
        q, k, v, log_forget, decay
    )
