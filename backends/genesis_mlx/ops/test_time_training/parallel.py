"""Test-time training's fast weights for all tokens at once."""

import mlx.core as mx


def parallel_test_time_training(
    h: mx.array,
    y0: mx.array,
    rate: mx.array,
    gradient_sum: mx.array,
    offset: int | mx.array,
) -> tuple[mx.array, mx.array]:
    """The same function as `naive_test_time_training`, with running sums."""
    h, y0 = h.astype(mx.float32), y0.astype(mx.float32)
    sums = gradient_sum[:, None] + mx.cumsum(h * (y0 - h), axis=1)
    before = mx.concatenate([gradient_sum[:, None], sums[:, :-1]], axis=1)
    positions = (mx.arange(1, h.shape[1] + 1) + offset).astype(mx.float32)
    damping = 1 + 0.1 * mx.log(positions)
    return y0 - h * rate * before / damping[..., None], sums[:, -1]
