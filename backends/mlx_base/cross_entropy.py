"""The loss of a language model."""

from typing import cast

import mlx.core as mx
import mlx.nn as nn

from .exponentials import pays, power


def cross_entropy(logits: mx.array, targets: mx.array) -> mx.array:
    """The negative log probability of each target, in nats.

    Args:
        logits: unnormalised log probabilities [..., V], any float dtype.
        targets: token ids [...], integers.

    Returns:
        Losses [...] float32.
    """
    logits = logits.astype(mx.float32)
    if not pays(logits):
        return nn.losses.cross_entropy(logits, targets)
    return cast(tuple[mx.array, mx.array], _cross_entropy(logits, targets))[0]


@mx.custom_function
def _cross_entropy(logits: mx.array, targets: mx.array) -> tuple[mx.array, mx.array]:
    highest = logits.max(-1, keepdims=True)
    powers = power(logits - highest)
    total = powers.sum(-1, keepdims=True)
    chosen = mx.take_along_axis(logits, targets[..., None], axis=-1)
    losses = mx.log(total) + highest - chosen
    # The probabilities are handed to the gradient.
    return losses[..., 0], powers * (1 / total)


@_cross_entropy.vjp
def _gradient(
    inputs: tuple[mx.array, mx.array],
    cotangents: tuple[mx.array, mx.array],
    outputs: tuple[mx.array, mx.array],
) -> tuple[mx.array, mx.array]:
    _, targets = inputs
    weights = cotangents[0][..., None]
    places = targets[..., None]
    spread = outputs[1] * weights
    chosen = mx.take_along_axis(spread, places, axis=-1) - weights
    return mx.put_along_axis(spread, places, chosen, axis=-1), mx.zeros_like(targets)
