"""The fast exponential and what is made of it, against NumPy's float64."""

from collections.abc import Callable

import mlx.core as mx
import numpy as np
import pytest
from numpy.typing import NDArray
from tolerances import EXPONENTIAL, PROBABILITY, max_difference

from backends.mlx_base.cross_entropy import cross_entropy
from backends.mlx_base.exponentials import SMALLEST, exp, pays, sigmoid, softmax

Wide = NDArray[np.float64]
WIDTH = 257
ROWS = -(-SMALLEST // WIDTH)


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Metal does is MLX's own."""
    monkeypatch.setattr("backends.mlx_base.exponentials.on_metal", lambda: False)


def drawn(scale: float = 4.0) -> NDArray[np.float32]:
    rng = np.random.default_rng(5)
    return (scale * rng.standard_normal((ROWS, WIDTH))).astype(np.float32)


def wide_sigmoid(x: Wide) -> Wide:
    return 1 / (1 + np.exp(-x))


def wide_softmax(x: Wide) -> Wide:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def sigmoid_slope(x: Wide, weights: Wide) -> Wide:
    return weights * wide_sigmoid(x) * (1 - wide_sigmoid(x))


def softmax_slope(x: Wide, weights: Wide) -> Wide:
    share = wide_softmax(x)
    return np.asarray(share * (weights - (weights * share).sum(-1, keepdims=True)))


Slope = Callable[[Wide, Wide], Wide]
Tried = tuple[Callable[[mx.array], mx.array], Callable[[Wide], Wide], Slope]
FUNCTIONS: dict[str, Tried] = {
    "exp": (exp, np.exp, lambda x, weights: weights * np.exp(x)),
    "sigmoid": (sigmoid, wide_sigmoid, sigmoid_slope),
    "softmax": (softmax, wide_softmax, softmax_slope),
}
every_function = pytest.mark.parametrize("name", FUNCTIONS)


@every_function
def test_values_and_slopes_are_those_of_float64(name: str) -> None:
    function, expected, slope = FUNCTIONS[name]
    x = drawn()
    weights = drawn(1.0)[::-1].copy()
    inputs = mx.array(x)
    assert pays(inputs)
    wide = x.astype(np.float64)
    scale = np.maximum(1, expected(wide))
    difference = (np.asarray(function(inputs), np.float64) - expected(wide)) / scale
    assert max_difference(difference, np.zeros_like(wide)) <= EXPONENTIAL

    def total(x: mx.array) -> mx.array:
        return (function(x) * mx.array(weights)).sum()

    slopes = np.asarray(mx.grad(total)(inputs), np.float64)
    difference = (slopes - slope(wide, weights.astype(np.float64))) / scale
    assert max_difference(difference, np.zeros_like(wide)) <= PROBABILITY


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        *[(0.0, 1.0), (-np.inf, 0.0), (-1e30, 0.0), (-87.0, np.exp(-87.0))],
        *[(88.0, np.exp(88.0)), (89.0, np.inf), (np.inf, np.inf), (np.nan, np.nan)],
    ],
)
def test_ends_of_the_exponential(x: float, expected: float) -> None:
    found = np.asarray(exp(mx.full((SMALLEST,), x)))
    np.testing.assert_allclose(found, expected, rtol=PROBABILITY, atol=0)


@pytest.mark.parametrize(("x", "expected"), [(-1e30, 0), (-np.inf, 0), (np.inf, 1)])
def test_ends_of_the_sigmoid(x: float, expected: float) -> None:
    inputs = mx.full((SMALLEST,), x)
    assert max_difference(sigmoid(inputs), np.full(SMALLEST, expected)) == 0
    slopes = mx.grad(lambda x: sigmoid(x).sum())(inputs)
    assert max_difference(slopes, np.zeros(SMALLEST)) == 0


def test_masked_scores_have_no_share_and_no_slope() -> None:
    x = drawn()
    x[:, 1::2] = -np.inf
    shares = np.asarray(softmax(mx.array(x)))
    assert (shares[:, 1::2] == 0).all()
    slopes = np.asarray(mx.grad(lambda x: softmax(x)[:, 0].sum())(mx.array(x)))
    assert np.isfinite(slopes).all() and (slopes[:, 1::2] == 0).all()


@pytest.mark.parametrize("shape", [(3,), (2, 5)])
@pytest.mark.parametrize("width", [7, SMALLEST])
def test_cross_entropy(shape: tuple[int, ...], width: int) -> None:
    rng = np.random.default_rng(width)
    logits = (9 * rng.standard_normal((*shape, width))).astype(np.float32)
    targets = rng.integers(0, width, shape)
    weights = rng.standard_normal(shape)
    wide = logits.astype(np.float64)
    share = wide_softmax(wide)
    chosen = np.take_along_axis(share, targets[..., None], -1)
    losses = cross_entropy(mx.array(logits), mx.array(targets))
    assert max_difference(losses, -np.log(chosen[..., 0])) <= PROBABILITY * 10

    def total(logits: mx.array) -> mx.array:
        losses = cross_entropy(logits, mx.array(targets))
        return (losses * mx.array(weights.astype(np.float32))).sum()

    share[..., :] -= np.arange(width) == targets[..., None]
    slopes = mx.grad(total)(mx.array(logits))
    assert max_difference(slopes, share * weights[..., None]) <= PROBABILITY


@every_function
def test_checkpointing_gives_the_same_slope(name: str) -> None:
    function = FUNCTIONS[name][0]
    x = mx.array(drawn())
    checkpointed = mx.checkpoint(function)
    once = mx.grad(lambda x: function(x).square().sum())(x)
    again = mx.grad(lambda x: checkpointed(x).square().sum())(x)
    assert max_difference(again, once) == 0
