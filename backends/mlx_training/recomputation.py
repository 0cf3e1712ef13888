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
    # MLX's own list, which holds one array.
    state: list[mx.array] = mx.random.state  # type: ignore[assignment]

    def called(layer: Any, *inputs: Any, **options: Any) -> Any:
        if not layer.training:
            return call(layer, *inputs, **options)

        def inner(parameters: Any, key: mx.array, *inputs: Any, **options: Any) -> Any:
            layer.update(parameters)
            state[0] = key
            return call(layer, *inputs, **options)

        key = state[0]
        parameters = layer.trainable_parameters()
        return mx.checkpoint(inner)(parameters, key, *inputs, **options)

    return called
