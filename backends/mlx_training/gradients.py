"""A step's loss and gradients, of its batches and of all processes."""

from collections.abc import Sequence
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.nn.utils import average_gradients
from mlx.utils import tree_map

from .batches import Batch
from .example import Example
from .losses import target_loss

Group = mx.distributed.Group


def share(examples: Sequence[Example], group: Group) -> Sequence[Example]:
    """What this process computes of a batch; none where there are too few."""
    return examples[group.rank() :: group.size()]


def target_count(examples: Sequence[Example]) -> int:
    """How many targets there are."""
    return sum(int(example.targets.sum()) for example in examples)


def step_gradients(
    model: Any, batches: Sequence[Sequence[Example]], group: Group
) -> tuple[mx.array, Any]:
    """The mean loss over the targets of whole batches, and its gradients.

    Each process computes its share; the loss, a float32 scalar, is its part of the
    mean, and the gradients are all processes' together.
    """
    count = sum(target_count(batch) for batch in batches)

    def part(batch: Batch) -> mx.array:
        return target_loss(model, batch) / count

    differentiate = nn.value_and_grad(model, part)
    loss = mx.array(0.0)
    gradients: Any = None
    for batch in batches:
        if own := share(batch, group):
            value, new = differentiate(Batch.of(own))
            loss = loss + value
            gradients = new if gradients is None else tree_map(mx.add, gradients, new)
            mx.eval(loss, gradients)
    if gradients is None:
        gradients = tree_map(mx.zeros_like, model.trainable_parameters())
    # Parts are to be added, and what adds them divides by their number.
    size = group.size()
    if size > 1:
        gradients = tree_map(lambda x: x * size, average_gradients(gradients, group))
    return loss, gradients


def validation_loss(
    model: Any, batches: Sequence[Sequence[Example]], group: Group
) -> float:
    """The mean loss over the targets of all batches, the same in all processes."""
    total = mx.array(0.0)
    for batch in batches:
        if own := share(batch, group):
            total = total + target_loss(model, Batch.of(own))
            mx.eval(total)
    count = sum(target_count(batch) for batch in batches)
    return summed([number(total)], group)[0] / count


def summed(numbers: Sequence[float], group: Group) -> list[float]:
    """Sums over all processes, in float32."""
    values = mx.array(list(numbers), mx.float32)
    if group.size() > 1:
        values = mx.distributed.all_sum(values, group=group, stream=mx.cpu)
    found: list[float] = values.tolist()  # type: ignore[assignment]
    return found


def number(scalar: mx.array) -> float:
    """A scalar's value."""
    return float(scalar.item())  # type: ignore[arg-type]  # never complex
