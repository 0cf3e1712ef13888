"""The gated delta rule: the chunked form, the definition and fla's."""

from typing import Any

import mlx.core as mx
import pytest
from draws import LENGTHS, Array, Draw, in_mlx
from reference import oracle
from tolerances import OPERATOR, max_difference

from backends.genesis_mlx.ops.gated_delta_rule import (
    chunked_gated_delta_rule,
    gated_delta_rule,
    naive_gated_delta_rule,
)

# H, Hk, Dk, Dv
SHAPES = [(6, 2, 24, 48), (4, 4, 17, 5), (3, 1, 8, 64)]
Shape = tuple[int, int, int, int]


def inputs_of(length: int, shape: Shape) -> dict[str, Array]:
    h, hk, dk, dv = shape
    draw = Draw(length)

    def unit(*sizes: int) -> Array:
        found = draw(*sizes)
        lengths: Array = (found**2).sum(-1, keepdims=True) ** 0.5
        return found / lengths

    return {
        "q": unit(2, length, h, dk),
        "k": unit(2, length, hk, dk),
        "v": draw(2, length, hk, dv),
        "log_decay": draw.gates(2, length, h),
        "beta": abs(draw(2, length, h)) % 1,
        "state": draw(2, h, dk, dv),
    }


@pytest.mark.reference
@pytest.mark.parametrize("form", [naive_gated_delta_rule, chunked_gated_delta_rule])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("length", LENGTHS)
def test_against_fla(length: int, shape: Shape, form: Any) -> None:
    import torch

    recurrent = oracle("gated_delta_rule").naive_recurrent_gated_delta_rule
    inputs = inputs_of(length, shape)
    groups = shape[0] // shape[1]
    tensors = {name: torch.from_numpy(value) for name, value in inputs.items()}
    for name in ("k", "v"):
        tensors[name] = tensors[name].repeat(1, 1, groups, 1)
    out, state = recurrent(
        *(tensors[name] for name in ("q", "k", "v", "beta", "log_decay")),
        initial_state=tensors["state"],
        output_final_state=True,
    )
    ours, ours_state = form(**in_mlx(inputs))
    assert max_difference(ours, out.numpy()) <= OPERATOR
    assert max_difference(ours_state, state.numpy()) <= OPERATOR


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("length", LENGTHS)
def test_chunked_is_the_definition(length: int, shape: Shape) -> None:
    inputs = in_mlx(inputs_of(length, shape))
    for ours, expected in zip(
        chunked_gated_delta_rule(**inputs),
        naive_gated_delta_rule(**inputs),
        strict=True,
    ):
        assert max_difference(ours, expected) <= OPERATOR


def test_equal_keys_do_not_blow_up() -> None:
    inputs = in_mlx(inputs_of(257, SHAPES[0]))
    inputs["k"] = mx.broadcast_to(inputs["k"][:, :1], inputs["k"].shape)
    inputs["beta"] = mx.ones_like(inputs["beta"])
    inputs["log_decay"] = mx.zeros_like(inputs["log_decay"])
    for ours, expected in zip(
        chunked_gated_delta_rule(**inputs),
        naive_gated_delta_rule(**inputs),
        strict=True,
    ):
        assert max_difference(ours, expected) <= OPERATOR


@pytest.mark.parametrize("border", [1, 33, 64])
def test_parts_are_the_whole(border: int) -> None:
    inputs = in_mlx(inputs_of(100, SHAPES[0]))
    state = inputs.pop("state")
    whole, after = gated_delta_rule(**inputs, state=state)
    parts = []
    for part in (slice(0, border), slice(border, 100)):
        some = {name: array[:, part] for name, array in inputs.items()}
        out, state = gated_delta_rule(**some, state=state)
        parts.append(out)
    assert max_difference(mx.concatenate(parts, axis=1), whole) <= OPERATOR
    assert max_difference(state, after) <= OPERATOR
