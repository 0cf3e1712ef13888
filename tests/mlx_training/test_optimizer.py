"""The learning rate of every step, and what weight decay is for."""

import math

import mlx.core as mx
import numpy as np
import pytest
from trainees import settings

from backends.mlx_training.optimizer import learning_rates, make_optimizer


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1, 1, 1, 1]),
        ("linear", [1, 0.75, 0.5, 0.25]),
        ("cosine", [0.5 + 0.5 * math.cos(math.pi * n / 4) for n in range(4)]),
    ],
)
@pytest.mark.parametrize("warmup", [0, 1, 3])
def test_learning_rates(schedule: str, expected: list[float], warmup: int) -> None:
    """Up to the highest, and from there down to nothing after the last step."""
    chosen = settings(
        schedule=schedule, warmup_steps=warmup, steps=warmup + 4, learning_rate=0.01
    )
    rates = learning_rates(chosen)
    found = [float(rates(mx.array(n, mx.uint64))) / 0.01 for n in range(warmup + 4)]
    assert np.allclose(found[warmup:], expected, atol=1e-5)
    rising = found[: warmup + 1]
    assert rising == sorted(rising) and rising[0] > 0


def test_only_matrices_decay() -> None:
    optimizer = make_optimizer(settings(weight_decay=0.5, learning_rate=0.1))
    parameters = {"matrix": mx.ones((2, 2)), "vector": mx.ones(2)}
    zeros = {name: mx.zeros_like(array) for name, array in parameters.items()}
    found = optimizer.apply_gradients(zeros, parameters)
    assert np.allclose(np.array(found["matrix"]), 0.95)
    assert np.array_equal(np.array(found["vector"]), np.ones(2))


def test_the_first_step_is_as_large_as_the_rate() -> None:
    """Moments are corrected for having begun at zero."""
    optimizer = make_optimizer(settings(weight_decay=0.0, learning_rate=0.1))
    found = optimizer.apply_gradients({"w": mx.array([3.0])}, {"w": mx.array([1.0])})
    assert abs(float(found["w"][0]) - 0.9) < 1e-4
