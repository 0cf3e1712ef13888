"""Forgetting attention (FoX): softmax attention lowered by forget gates."""

import mlx.core as mx

from .blocked import blocked
from .naive import naive

__all__ = ["blocked", "forgetting_attention", "naive"]


def forgetting_attention(
    q: mx.array, k: mx.array, v: mx.array, cumulative: mx.array
) -> mx.array:
    """Attend causally under forget gates; see `naive.naive` for the equation.

    Args:
        q: queries [B, L, H, Dk] of the last L of S positions.
        k: keys [B, S, Hk, Dk].
        v: values [B, S, H, Dv].
        cumulative: running sum of log forget gates [B, S, H] float32, from any zero.

    Returns:
        Outputs [B, L, H, Dv] float32.
    """
    return blocked(q, k, v, cumulative)
