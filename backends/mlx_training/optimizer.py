"""AdamW with a learning rate that warms up and decays."""

from collections.abc import Callable
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim

from .settings import TrainingSettings


class MatrixDecayAdamW(optim.AdamW):
    """AdamW whose weight decay leaves vectors alone: gains, biases and rates."""

    def apply_single(
        self, gradient: mx.array, parameter: mx.array, state: dict[str, Any]
    ) -> mx.array:
        """The parameter after the update."""
        kind = optim.Adam if parameter.ndim < 2 else optim.AdamW
        updated: mx.array = kind.apply_single(self, gradient, parameter, state)
        return updated


def make_optimizer(settings: TrainingSettings) -> optim.Optimizer:
    """The optimizer of a run, at its first step."""
    return MatrixDecayAdamW(
        learning_rate=learning_rates(settings),
        weight_decay=settings.weight_decay,
        bias_correction=True,
    )


def learning_rates(settings: TrainingSettings) -> Callable[[mx.array], mx.array]:
    """The learning rate of a step, which counts from 0."""
    highest, warmup = settings.learning_rate, settings.warmup_steps
    rest = settings.steps - warmup
    rates: Callable[[mx.array], mx.array]
    if settings.schedule == "cosine":
        rates = optim.cosine_decay(highest, rest)
    elif settings.schedule == "linear":
        rates = optim.linear_schedule(highest, 0.0, rest)
    else:
        rates = optim.linear_schedule(highest, highest, rest)
    if not warmup:
        return rates
    # From a small rate instead of none, so that the first step is one.
    rising = optim.linear_schedule(highest / warmup, highest, warmup)
    joined: Callable[[mx.array], mx.array] = optim.join_schedules(
        [rising, rates], [warmup]
    )
    return joined
