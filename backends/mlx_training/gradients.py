"""A step's loss and gradients, of its batches and of all processes."""

from collections.abc import Callable, Sequence
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_map

from .batches import Batch
from .example import Example
from .group import Group
from .losses import Form, target_loss

Batches = Sequence[Sequence[Example]]


def step_gradients(
    model: Any,
    form: Form,
    batches: Batches,
    group: Group,
    draw: Callable[[int], None],
) -> tuple[mx.array, Any]:
    """The mean loss over the targets of whole batches, and its gradients.

    Each process computes its share; the loss, a float32 scalar, is its part of the
    mean, and the gradients are all processes' together. `draw` is called with the
    number of each batch before anything random is drawn for it.
    """
    count = target_count(batches)

    def part(batch: Batch) -> mx.array:
        return target_loss(form, batch) / count

    differentiate = nn.value_and_grad(model, part)
    loss, gradients = mx.array(0.0), None
    for number_of_batch, batch in enumerate(batches):
        if own := group.share(batch):
            draw(number_of_batch)
            value, new = differentiate(Batch.of(own))
            loss = loss + value
            gradients = new if gradients is None else tree_map(mx.add, gradients, new)
            mx.eval(loss, gradients)
    if gradients is None:
        gradients = tree_map(mx.zeros_like, model.trainable_parameters())
    return loss, group.summed_gradients(gradients)


def validation_loss(form: Form, batches: Batches, group: Group) -> float:
    """The mean loss over the targets of all batches, the same in all processes."""
    total = 0.0
    for batch in batches:
        if own := group.share(batch):
            total += number(target_loss(form, Batch.of(own)))
    return group.summed(total / target_count(batches))[0]


def target_count(batches: Batches) -> int:
    """How many targets there are."""
    return sum(int(example.targets.sum()) for batch in batches for example in batch)


def number(scalar: mx.array) -> float:
    """A scalar's value."""
    return float(scalar.item())  # type: ignore[arg-type]  # never complex
