"""Gradients of MLX against differences of the same function in float64."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mlx.core as mx
import numpy as np
from draws import Array, in_mlx
from numpy.typing import NDArray

Wide = NDArray[np.float64]
STEP = 1e-6
DIRECTIONS = 3

Ours = Callable[..., Sequence[mx.array]]
Definition = Callable[..., Sequence[Wide]]


def gradients(
    function: Ours, inputs: Mapping[str, Array], weights: Sequence[Array]
) -> dict[str, Array]:
    """Of the sum of all outputs, each number weighted, by each input."""

    def total(arrays: dict[str, mx.array]) -> mx.array:
        outputs = zip(function(**arrays), weights, strict=True)
        return sum(
            ((output * mx.array(w)).sum() for output, w in outputs), mx.array(0.0)
        )

    found: Any = mx.grad(total)(in_mlx(inputs))
    return {name: np.array(array) for name, array in found.items()}


def slope_error(
    ours: Ours, definition: Definition, inputs: Mapping[str, Array]
) -> dict[str, float]:
    """For each input, how far gradients are from central differences of `definition`.

    Along random directions of unit variance, over the gradient's own length: a wrong
    number anywhere shows, with its share of that length.
    """
    rng = np.random.default_rng(8)
    wide = {name: array.astype(np.float64) for name, array in inputs.items()}
    shapes = [np.shape(output) for output in definition(**wide)]
    weights = [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]
    found = gradients(ours, inputs, weights)

    def total(changed: dict[str, Wide]) -> float:
        outputs = zip(definition(**{**wide, **changed}), weights, strict=True)
        return float(sum((output * weight).sum() for output, weight in outputs))

    errors = {}
    for name, array in wide.items():
        worst = 0.0
        for _ in range(DIRECTIONS):
            way = rng.standard_normal(array.shape)
            ahead = total({name: array + STEP * way})
            expected = (ahead - total({name: array - STEP * way})) / (2 * STEP)
            difference = abs(float((found[name] * way).sum()) - expected)
            worst = max(worst, difference / (float(np.linalg.norm(found[name])) or 1))
            if np.isnan(difference):
                worst = float("inf")
        errors[name] = worst
    return errors
