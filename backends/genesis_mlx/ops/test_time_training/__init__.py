"""Test-time training (TTT): fast weights adapted while reading."""

import mlx.core as mx

from .kernel import metal_test_time_training
from .naive import naive_test_time_training
from .parallel import parallel_test_time_training

__all__ = [
    "metal_test_time_training",
    "naive_test_time_training",
    "parallel_test_time_training",
    "test_time_training",
]


def test_time_training(
    h: mx.array,
    y0: mx.array,
    rate: mx.array,
    gradient_sum: mx.array | None = None,
    offset: int | mx.array = 0,
    kernels: frozenset[str] = frozenset(),
) -> tuple[mx.array, mx.array]:
    """Correct the initial weights' predictions; see `naive_test_time_training`.

    Args:
        h: normalised inputs [B, L, D].
        y0: predictions of the initial weights [B, L, D].
        rate: learning rate per channel [D] float32.
        gradient_sum: carried-in sum of gradients [B, D] float32; None is zeros.
        offset: tokens read before this call; an int32 array [1], or without a kernel
            [B, 1], does as well.
        kernels: names of the Metal kernels to use.

    Returns:
        Outputs [B, L, D] float32 and the new sum.
    """
    if gradient_sum is None:
        gradient_sum = mx.zeros((h.shape[0], h.shape[2]), dtype=mx.float32)
    form = (
        metal_test_time_training
        if "ttt_scan" in kernels
        else parallel_test_time_training
    )
    return form(h, y0, rate, gradient_sum, offset)


# The name begins with what pytest looks for.
test_time_training.__test__ = False  # type: ignore[attr-defined]
