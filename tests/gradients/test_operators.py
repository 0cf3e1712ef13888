"""Gradients of every operator that has a training form, against differences."""

from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from draws import Array, Draw
from float64_forms import (
    confidence_mix,
    forgetting_attention,
    gated_delta_rule,
    gated_linear_attention,
    short_convolution,
    test_time_training,
)
from slopes import Ours, slope_error
from tolerances import GRADIENT

from backends.genesis_mlx import ops
from backends.genesis_mlx.ops.forgetting_attention import (
    blocked_forgetting_attention,
    naive_forgetting_attention,
)
from backends.genesis_mlx.ops.gated_delta_rule import (
    chunked_gated_delta_rule,
    naive_gated_delta_rule,
)
from backends.genesis_mlx.ops.gated_linear_attention import chunked_gla, naive_gla

LENGTHS = [1, 5, 63, 65]
# H, Hk, Dk, Dv: unequal widths, grouped, ungrouped and single key heads.
SHAPES = [(6, 2, 6, 12), (4, 4, 7, 3), (3, 1, 8, 8)]
Shape = tuple[int, int, int, int]

every_length = pytest.mark.parametrize("length", LENGTHS)
every_shape = pytest.mark.parametrize("shape", SHAPES)


def recurrent(length: int, shape: Shape) -> dict[str, Array]:
    """Inputs of both scans; gates from hardly forgetting to a factor of e^-8."""
    h, hk, dk, dv = shape
    draw = Draw(length)
    return {
        "q": draw(2, length, h, dk) / np.float32(dk**0.5),
        "k": draw(2, length, hk, dk) / np.float32(dk**0.5),
        "v": draw(2, length, hk, dv),
        "log_decay": draw.gates(2, length, h),
        "state": draw(2, h, dk, dv),
    }


def check(ours: Ours, definition: Any, inputs: dict[str, Array]) -> None:
    errors = slope_error(ours, definition, inputs)
    assert max(errors.values()) <= GRADIENT, errors


@every_length
@every_shape
def test_gated_linear_attention(length: int, shape: Shape) -> None:
    inputs = recurrent(length, shape)
    check(chunked_gla, gated_linear_attention, inputs)
    if length <= 5:
        check(naive_gla, gated_linear_attention, inputs)


@every_length
@every_shape
def test_gated_delta_rule(length: int, shape: Shape) -> None:
    inputs = recurrent(length, shape)
    beta = np.abs(Draw(1)(2, length, shape[0]))
    inputs["beta"] = beta / (1 + beta)
    check(chunked_gated_delta_rule, gated_delta_rule, inputs)
    if length <= 5:
        check(naive_gated_delta_rule, gated_delta_rule, inputs)


@pytest.mark.parametrize("earlier", [0, 9])
@every_length
@every_shape
def test_forgetting_attention(length: int, shape: Shape, earlier: int) -> None:
    h, hk, dk, dv = shape
    draw = Draw(length)
    inputs = {
        "q": draw(2, length, h, dk),
        "k": draw(2, earlier + length, hk, dk),
        "v": draw(2, earlier + length, h, dv),
        "log_forget": draw.gates(2, length, h),
    }
    if earlier:
        inputs["decay"] = draw.gates(2, h, earlier)

    def of(form: Any) -> Any:
        none = np.zeros((2, h, 0)) if form is forgetting_attention else None
        empty = mx.zeros((2, h, 0)) if none is None else none
        return lambda decay=empty, **given: form(decay=decay, **given)

    def blocks(**given: mx.array) -> Any:
        return blocked_forgetting_attention(**given, block=32)

    check(of(blocks), of(forgetting_attention), inputs)
    if length <= 5:
        check(of(naive_forgetting_attention), of(forgetting_attention), inputs)


@pytest.mark.parametrize("offset", [0, 500])
@every_length
def test_fast_weights(length: int, offset: int) -> None:
    draw = Draw(length)
    inputs = {
        "h": draw(2, length, 10),
        "y0": draw(2, length, 10),
        "rate": np.abs(draw(10)) * np.float32(0.01),
        "gradient_sum": draw(2, 10),
    }
    check(
        lambda **given: ops.test_time_training(**given, offset=offset),
        lambda **given: test_time_training(**given, offset=offset),
        inputs,
    )


@pytest.mark.parametrize("offset", [0, 500])
@every_length
def test_confidence_mix(length: int, offset: int) -> None:
    draw = Draw(length)
    inputs = {name: draw(2, length, 10) for name in ("x", "adapted", "expected")}
    inputs["logit"] = draw(2, length)
    inputs["confidence_sum"] = np.abs(draw(2))
    check(
        lambda **given: ops.confidence_mix(**given, offset=offset, strength=0.2),
        lambda **given: confidence_mix(**given, offset=offset, strength=0.2),
        inputs,
    )


@pytest.mark.parametrize("width", [2, 4])
@every_length
def test_short_convolution(length: int, width: int) -> None:
    draw = Draw(length)
    inputs = {
        "x": draw(2, length, 12),
        "weight": draw(width, 12),
        "state": draw(2, width - 1, 12),
    }
    check(ops.short_convolution, short_convolution, inputs)
