"""Gradient checkpointing: layers are computed twice, and keep nothing in between."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import mlx.core as mx


@contextmanager
def recomputed(layers: Sequence[Any]) -> Iterator[None]:
    """Within it these layers, while they are trained, are computed again for their
    gradients: with the same random numbers, which mlx-lm's way of it does not have."""
    kinds = {type(layer) for layer in layers}
    before = {kind: kind.__call__ for kind in kinds}
    for kind, call in before.items():
        kind.__call__ = _twice(call)
    try:
        yield
    finally:
        for kind, call in before.items():
            kind.__call__ = call


def _twice(call: Callable[..., Any]) -> Callable[..., Any]:
    def called(layer: Any, *inputs: Any, **options: Any) -> Any:
        if not layer.training:
            return call(layer, *inputs, **options)
        drawn = _seed()

        def inner(parameters: Any, *inputs: Any, **options: Any) -> Any:
            layer.update(parameters)
            mx.random.seed(drawn)
            return call(layer, *inputs, **options)

        return mx.checkpoint(inner)(layer.trainable_parameters(), *inputs, **options)

    return called


def _seed() -> int:
    """What `mx.random.seed` makes the present state of; it cannot be set itself."""
    state: Any = mx.random.state
    high, low = state[0].tolist()
    return int(high) << 32 | int(low)
