"""Gated linear attention: the chunked form, the definition and fla's."""

from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from draws import LENGTHS, Array, Draw, in_mlx
from reference import oracle
from tolerances import OPERATOR, max_difference

from backends.genesis_mlx.ops.gated_linear_attention import (
    chunked_gla,
    gated_linear_attention,
    naive_gla,
)

# H, Hk, Dk, Dv: equal and unequal widths, grouped, ungrouped and single key heads.
SHAPES = [(6, 2, 24, 48), (4, 4, 17, 5), (3, 1, 8, 64)]
Shape = tuple[int, int, int, int]

every_shape = pytest.mark.parametrize("shape", SHAPES)
every_length = pytest.mark.parametrize("length", LENGTHS)


def inputs_of(length: int, shape: Shape) -> dict[str, Array]:
    h, hk, dk, dv = shape
    draw = Draw(length)
    return {
        # Queries and keys have length 1 in the model.
        "q": draw(2, length, h, dk) / np.float32(dk**0.5),
        "k": draw(2, length, hk, dk) / np.float32(dk**0.5),
        "v": draw(2, length, hk, dv),
        "log_decay": draw.gates(2, length, h),
        "state": draw(2, h, dk, dv),
    }


@pytest.mark.reference
@pytest.mark.parametrize("form", [naive_gla, chunked_gla])
@every_shape
@every_length
def test_agrees_with_the_oracle(form: Any, length: int, shape: Shape) -> None:
    """fla's has a decay per channel, given the same one, and heads in full."""
    import torch

    inputs = inputs_of(length, shape)
    actual, state = form(**in_mlx(inputs))
    h, hk, dk, _ = shape
    for name in ("k", "v"):
        inputs[name] = np.tile(inputs[name], (1, 1, h // hk, 1))
    tensors = {name: torch.from_numpy(values) for name, values in inputs.items()}
    tensors["log_decay"] = tensors["log_decay"][..., None].expand(-1, -1, -1, dk)
    expected = oracle("gla").naive_recurrent_gla(*tensors.values(), True)
    assert max_difference(actual, expected[0].numpy()) <= OPERATOR
    assert max_difference(state, expected[1].numpy()) <= OPERATOR


@every_shape
@every_length
def test_chunked_agrees_with_the_definition(length: int, shape: Shape) -> None:
    inputs = in_mlx(inputs_of(length, shape))
    for actual, expected in zip(
        chunked_gla(**inputs), naive_gla(**inputs), strict=True
    ):
        assert max_difference(actual, expected) <= OPERATOR


@every_shape
@every_length
def test_a_split_call_agrees_with_a_whole_one(length: int, shape: Shape) -> None:
    inputs = in_mlx(inputs_of(length, shape))
    state = inputs.pop("state")
    whole, end = gated_linear_attention(**inputs, state=state)
    outputs = []
    for part in (slice(0, length // 3), slice(length // 3, length)):
        if part.start < part.stop:
            given = {name: values[:, part] for name, values in inputs.items()}
            output, state = gated_linear_attention(**given, state=state)
            outputs.append(output)
    assert max_difference(mx.concatenate(outputs, axis=1), whole) <= OPERATOR
    assert max_difference(state, end) <= OPERATOR


@pytest.mark.parametrize("strongest", [8.0, 80.0, 1000.0])
def test_strong_gates_stay_finite(strongest: float) -> None:
    """exp of a difference of sums would overflow above the diagonal, were it taken."""
    inputs = in_mlx(inputs_of(257, SHAPES[0]))
    inputs["log_decay"] = mx.full(inputs["log_decay"].shape, -strongest)
    for actual, expected in zip(
        chunked_gla(**inputs), naive_gla(**inputs), strict=True
    ):
        assert max_difference(actual, expected) <= OPERATOR


@pytest.mark.parametrize("length", [64, 1000])
def test_weak_decays_after_strong_ones_stay_exact(length: int) -> None:
    """Against float64: a running sum would round the weak decays away."""
    inputs = inputs_of(length, SHAPES[1])
    inputs["log_decay"][:, : length // 2] = -60
    inputs["log_decay"][:, length // 2 :] *= np.float32(0.01)
    q, k, v, decay, state = (values.astype(float) for values in inputs.values())
    expected = np.empty_like(v)
    for t in range(length):
        state = np.exp(decay[:, t])[..., None, None] * state
        state = state + k[:, t, ..., None] * v[:, t, :, None]
        expected[:, t] = np.einsum("bhk,bhkv->bhv", q[:, t], state)
    expected /= np.sqrt(q.shape[-1])
    for form in (naive_gla, chunked_gla):
        assert max_difference(form(**in_mlx(inputs))[0], expected) <= OPERATOR


def test_gradients_are_finite_under_strong_gates() -> None:
    inputs = in_mlx(inputs_of(130, SHAPES[0]))

    def loss(log_decay: mx.array) -> mx.array:
        return chunked_gla(**{**inputs, "log_decay": log_decay})[0].square().sum()

    gradient = mx.grad(loss)(inputs["log_decay"] * 10)
    assert mx.isfinite(gradient).all().item()


def test_without_a_state_it_starts_from_zeros() -> None:
    inputs = in_mlx(inputs_of(65, SHAPES[0]))
    zeros = mx.zeros_like(inputs.pop("state"))
    actual = gated_linear_attention(**inputs)
    expected = naive_gla(**inputs, state=zeros)
    assert max_difference(actual[0], expected[0]) <= OPERATOR
    assert max_difference(actual[1], expected[1]) <= OPERATOR


@pytest.mark.parametrize("length", [1, 70])
def test_results_are_float32_for_half_precision_inputs(length: int) -> None:
    inputs = in_mlx(inputs_of(length, SHAPES[0]))
    half = {n: v.astype(mx.bfloat16) for n, v in inputs.items() if n in ("q", "k", "v")}
    output, state = gated_linear_attention(**{**inputs, **half})
    assert output.dtype == state.dtype == mx.float32
    exact = naive_gla(
        **{**inputs, **{n: v.astype(mx.float32) for n, v in half.items()}}
    )
    assert max_difference(output, exact[0]) <= OPERATOR
