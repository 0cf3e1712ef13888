"""Activations."""

from functools import partial

import mlx.core as mx


def _silu(x: mx.array) -> mx.array:
    return x * mx.sigmoid(x)


@partial(mx.compile, shapeless=True)
def _fused_silu(x: mx.array) -> mx.array:
    return _silu(x)


def silu(x: mx.array) -> mx.array:
    """x * sigmoid(x), in the shape and dtype of x.

    One kernel on Metal. On a CPU MLX would compile it with the machine's C++
    compiler into a shared folder, which takes longer than it ever saves.
    """
    return _fused_silu(x) if mx.metal.is_available() else _silu(x)
