"""Gradients of the layers between the operators, against differences."""

import mlx.core as mx
import numpy as np
import pytest
from draws import Draw
from float64_forms import l2_norm, rms_norm, rotary, selective_swiglu
from slopes import gradients, slope_error
from tolerances import GRADIENT

from backends.genesis.constants import L2_EPS, ROTARY_BASE
from backends.genesis_mlx.layers.activations import silu
from backends.genesis_mlx.layers.norms import (
    HeadRMSNorm,
    RMSNorm,
    ZeroCenteredRMSNorm,
    l2_normalize,
)
from backends.genesis_mlx.ops import (
    apply_rotary,
    rotary_tables,
    selective_activation,
)
from backends.mlx_base.exponentials import SMALLEST

EPS = 1e-6


def worst(errors: dict[str, float]) -> float:
    return max(errors.values())


@pytest.mark.parametrize("kind", [RMSNorm, ZeroCenteredRMSNorm, HeadRMSNorm])
def test_norms(kind: type) -> None:
    draw, heads = Draw(3), kind is HeadRMSNorm
    inputs = {"x": draw(2, 5, 3, 8), "gain": draw(3 * 8 if heads else 8)}
    name = "omega" if kind is ZeroCenteredRMSNorm else "weight"

    def ours(x: mx.array, gain: mx.array) -> list[mx.array]:
        norm = kind(3, 8, EPS) if heads else kind(8, EPS)
        norm.update({name: gain})
        return [norm(x)]

    def definition(x: np.ndarray, gain: np.ndarray) -> tuple[np.ndarray, ...]:
        gain = gain.reshape(3, 8) if heads else gain
        return rms_norm(x, gain + (name == "omega"), EPS)

    assert worst(slope_error(ours, definition, inputs)) <= GRADIENT


def test_l2_norm() -> None:
    inputs = {"x": Draw(3)(2, 5, 3, 8)}
    errors = slope_error(
        lambda x: [l2_normalize(x)], lambda x: l2_norm(x, L2_EPS), inputs
    )
    assert worst(errors) <= GRADIENT


def test_l2_norm_of_nothing_has_a_finite_slope() -> None:
    """A model whose convolution begins as zeros has keys of zeros."""
    found = gradients(
        lambda x: [l2_normalize(x)],
        {"x": np.zeros((4, 8), np.float32)},
        [np.ones((4, 8), np.float32)],
    )
    assert np.isfinite(found["x"]).all()


@pytest.mark.parametrize("width", [0, 4, 8])
@pytest.mark.parametrize("length", [1, 65])
def test_rotation(length: int, width: int) -> None:
    inputs = {"x": Draw(length)(2, length, 3, 8)}
    errors = slope_error(
        lambda x: [apply_rotary(x, rotary_tables(width, 7, length))],
        lambda x: rotary(x, width, 7, ROTARY_BASE),
        inputs,
    )
    assert worst(errors) <= GRADIENT


@pytest.mark.parametrize("keep", [0, 1, 40, 48])
@pytest.mark.parametrize("rows", [1, 5, -(-SMALLEST // 48)])
def test_selective_swiglu(rows: int, keep: int) -> None:
    """Only what passes has a slope; few rows and enough for the fast exponential."""
    inputs = {"projected": Draw(rows)(rows, 96)}

    def ours(projected: mx.array) -> list[mx.array]:
        gate, up = mx.split(projected, 2, axis=-1)
        return [selective_activation(silu(gate) * up, keep)]

    if keep == 0:
        found = gradients(ours, inputs, [np.ones((rows, 48), np.float32)])
        assert (found["projected"] == 0).all()
        return
    errors = slope_error(
        ours, lambda projected: selective_swiglu(projected, keep), inputs
    )
    assert worst(errors) <= GRADIENT
