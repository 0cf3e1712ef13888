"""The definition of the short convolution, one token at a time."""

import mlx.core as mx


def naive_short_convolution(
    x: mx.array, weight: mx.array, state: mx.array
) -> tuple[mx.array, mx.array]:
    """Causal depthwise convolution: y_t = sum_w weight_w x_{t-W+1+w}.

    Args:
        x: inputs [B, L, channels].
        weight: taps, oldest first [W, channels].
        state: the W - 1 inputs before the first [B, W - 1, channels].

    Returns:
        Outputs [B, L, channels] and the last W - 1 inputs.
    """
    outputs = []
    for t in range(x.shape[1]):
        window = mx.concatenate([state, x[:, t : t + 1]], axis=1)
        outputs.append((window * weight).sum(axis=1))
        state = window[:, 1:]
    return mx.stack(outputs, axis=1), state
