"""The definition of test-time training's fast weights, one token at a time."""

import mlx.core as mx


def naive_test_time_training(
    h: mx.array,
    y0: mx.array,
    rate: mx.array,
    gradient_sum: mx.array,
    offset: int | mx.array,
) -> tuple[mx.array, mx.array]:
    """Dual form of a linear model trained while reading (arXiv 2407.04620).

    With queries, keys and values all equal to h, the diagonal of the gradient of
    the squared error is kept and damped with the position t, counted from 1:

        g_t = h_t (y0_t - h_t),   G_t = sum of g before t
        out_t = y0_t - h_t rate G_t / (1 + 0.1 ln t)

    Args:
        h: normalised inputs [B, L, D].
        y0: predictions of the initial weights [B, L, D].
        rate: learning rate per channel [D] float32.
        gradient_sum: G of the first token [B, D] float32.
        offset: tokens read before this call.

    Returns:
        Outputs [B, L, D] float32 and the sum including this call's gradients.
    """
    h, y0 = h.astype(mx.float32), y0.astype(mx.float32)
    outputs = []
    for t in range(h.shape[1]):
        position = mx.array(offset + t + 1, dtype=mx.float32)
        damping = 1 + 0.1 * mx.log(position)
        outputs.append(y0[:, t] - h[:, t] * rate * gradient_sum / damping)
        gradient_sum = gradient_sum + h[:, t] * (y0[:, t] - h[:, t])
    return mx.stack(outputs, axis=1), gradient_sum
