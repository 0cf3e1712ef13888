"""Short convolution: each channel mixed with its last few inputs."""

import mlx.core as mx

from .naive import naive_short_convolution
from .parallel import parallel_short_convolution

__all__ = ["naive_short_convolution", "parallel_short_convolution", "short_convolution"]


def short_convolution(
    x: mx.array, weight: mx.array, state: mx.array | None = None
) -> tuple[mx.array, mx.array]:
    """Convolve causally, without activation; see `naive_short_convolution`.

    Args:
        x: inputs [B, L, channels].
        weight: taps, oldest first [W, channels].
        state: the W - 1 inputs before these [B, W - 1, channels]; None is zeros.

    Returns:
        Outputs [B, L, channels] and the state for the next call.
    """
    if state is None:
        shape = (x.shape[0], weight.shape[0] - 1, x.shape[2])
        state = mx.zeros(shape, dtype=x.dtype)
    form = naive_short_convolution if x.shape[1] == 1 else parallel_short_convolution
    return form(x, weight, state)
