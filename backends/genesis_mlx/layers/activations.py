"""Activations."""

import mlx.core as mx

from ...mlx_base.exponentials import sigmoid
from ...mlx_base.fusing import Fused


@Fused
def silu(x: mx.array) -> mx.array:
    """x * sigmoid(x), in the shape and dtype of x."""
    return x * sigmoid(x)
