"""Forgetting attention: the blocked form, the definition and fla's."""

from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from draws import LENGTHS, Array, Draw, in_mlx
from reference import oracle
from tolerances import LONG_SUM, OPERATOR, max_difference

from backends.genesis_mlx.ops.forgetting_attention import (
    blocked_forgetting_attention,
    forgetting_attention,
    naive_forgetting_attention,
)

# H, Hk, Dk, Dv; values are never grouped.
SHAPES = [(6, 2, 24, 48), (4, 4, 17, 5), (3, 1, 8, 64)]
Shape = tuple[int, int, int, int]

every_shape = pytest.mark.parametrize("shape", SHAPES)
every_length = pytest.mark.parametrize("length", LENGTHS)


def inputs_of(length: int, shape: Shape, earlier: int = 0) -> dict[str, Array]:
    """L queries after `earlier` positions."""
    h, hk, dk, dv = shape
    draw = Draw(length)
    seen = earlier + length
    gates = draw.gates(2, h, earlier)
    return {
        "q": draw(2, length, h, dk),
        "k": draw(2, seen, hk, dk),
        "v": draw(2, seen, h, dv),
        "log_forget": draw.gates(2, length, h),
        "decay": np.flip(np.cumsum(np.flip(gates, -1), -1), -1).astype(np.float32),
    }


@pytest.mark.reference
@pytest.mark.parametrize(
    "form", [naive_forgetting_attention, blocked_forgetting_attention]
)
@every_shape
@every_length
def test_agrees_with_the_oracle(form: Any, length: int, shape: Shape) -> None:
    """fla's groups values like keys, so it is given every head's key."""
    import torch

    inputs = inputs_of(length, shape)
    # It sums gates from the start and loses what they sum to in rounding.
    inputs["log_forget"] = np.clip(inputs["log_forget"], -0.5, 0)
    actual, _ = form(**in_mlx(inputs))
    h, hk, *_ = shape
    q, k, v, gates, _ = (torch.from_numpy(values) for values in inputs.values())
    k = k.repeat_interleave(h // hk, dim=2)
    expected = oracle("forgetting_attn").naive_forgetting_attn(q, k, v, gates)
    assert max_difference(actual, expected.numpy()) <= OPERATOR


@every_shape
@every_length
@pytest.mark.parametrize("earlier", [0, 1, 70])
def test_blocked_agrees_with_the_definition(
    length: int, shape: Shape, earlier: int
) -> None:
    """Also when keys of earlier calls come first."""
    inputs = in_mlx(inputs_of(length, shape, earlier))
    actual, end = blocked_forgetting_attention(**inputs)
    expected, expected_end = naive_forgetting_attention(**inputs)
    assert max_difference(actual, expected) <= OPERATOR
    assert max_difference(mx.exp(end), mx.exp(expected_end)) <= OPERATOR


@every_length
@pytest.mark.parametrize("block", [1, 7, 64])
def test_the_block_changes_nothing(length: int, block: int) -> None:
    inputs = in_mlx(inputs_of(length, SHAPES[0], 5))
    actual, end = blocked_forgetting_attention(**inputs, block=block)
    expected, expected_end = blocked_forgetting_attention(**inputs)
    assert max_difference(actual, expected) <= OPERATOR
    assert max_difference(mx.exp(end), mx.exp(expected_end)) <= OPERATOR


@every_length
def test_a_split_call_agrees_with_a_whole_one(length: int) -> None:
    inputs = in_mlx(inputs_of(length, SHAPES[0]))
    q, k, v, gates, _ = inputs.values()
    whole, end = forgetting_attention(q, k, v, gates)
    decay, outputs = None, []
    for part in (slice(0, length // 3), slice(length // 3, length)):
        if part.start < part.stop:
            seen = slice(0, part.stop)
            output, decay = forgetting_attention(
                q[:, part], k[:, seen], v[:, seen], gates[:, part], decay
            )
            outputs.append(output)
    assert max_difference(mx.concatenate(outputs, axis=1), whole) <= OPERATOR
    assert decay is not None
    assert max_difference(mx.exp(decay), mx.exp(end)) <= OPERATOR


@pytest.mark.parametrize(
    "form", [naive_forgetting_attention, blocked_forgetting_attention]
)
@pytest.mark.parametrize("length", [65, 1000])
def test_weak_gates_after_strong_ones_stay_exact(form: Any, length: int) -> None:
    """Against float64: a running sum would round the weak gates away."""
    inputs = inputs_of(length, SHAPES[1])
    inputs["log_forget"][:, : length // 2] = -60
    inputs["log_forget"][:, length // 2 :] *= np.float32(0.01)
    actual, _ = form(**in_mlx(inputs))
    q, k, v, gates = (inputs[n].astype(float) for n in ("q", "k", "v", "log_forget"))
    sums = np.cumsum(gates, axis=1)
    scores = np.einsum("bihd,bjhd->bhij", q, k) / np.sqrt(q.shape[-1])
    scores += (sums[:, :, None] - sums[:, None]).transpose(0, 3, 1, 2)
    scores[..., np.triu(np.ones((length, length), bool), 1)] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    expected = np.einsum("bhij,bjhd->bihd", weights, v)
    assert max_difference(actual, expected) <= OPERATOR


@pytest.mark.parametrize(
    "form", [naive_forgetting_attention, blocked_forgetting_attention]
)
def test_strong_gates_attend_to_the_own_token_only(form: Any) -> None:
    inputs = in_mlx(inputs_of(65, SHAPES[0]))
    inputs["log_forget"] = mx.full((2, 65, 6), -1000.0)
    assert max_difference(form(**inputs)[0], inputs["v"]) <= OPERATOR


@pytest.mark.parametrize("steps", [[8192], [512] * 16, [250] * 32 + [1] * 192])
def test_decays_do_not_drift(steps: list[int]) -> None:
    """The last keys of 8,192, against float64, however they were read."""
    gates = Draw(8).gates(1, 8192, 2, strongest=1.0)
    decay = mx.zeros((1, 2, 0))
    position = 0
    for step in steps:
        part = mx.array(gates[:, position : position + step])
        position += step
        tokens = mx.zeros((1, position, 2, 1))
        decay = blocked_forgetting_attention(
            tokens[:, -step:], tokens, tokens, part, decay
        )[1]
        mx.eval(decay)
    sums = np.cumsum(gates.astype(np.float64), axis=1)
    exact = (sums[:, -1:] - sums).transpose(0, 2, 1)
    assert max_difference(decay[..., -500:], exact[..., -500:]) <= LONG_SUM
