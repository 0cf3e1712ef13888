"""Gradients and losses against PyTorch's, where the reference's are finite."""

from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
import numpy as np
import pytest
from checkpoints import checkpoint_tensors
from configurations import CONFIGURATIONS, SEEDS, configuration, random_ids
from reference_training import TrainedReference, fresh_tensors
from tolerances import LOSS_CURVE, REFERENCE_GRADIENT
from training_models import Gradients, Ids, flat_gradients, mean_loss, trained_form

from backends.genesis_mlx.layers import metacognition
from backends.genesis_mlx.ops.confidence_mix import Mixture, confidence_mix
from backends.genesis_mlx.plugin.model import Model

pytestmark = pytest.mark.reference

# Longer texts overflow in the reference.
LENGTH = 17
STEPS, RATE = 100, 0.1


def ids_of(rows: int, seed: int) -> Ids:
    flat = random_ids(rows * (LENGTH + 1), seed)
    return np.array(flat, np.int32).reshape(rows, -1)


def check(found: Gradients, expected: Gradients) -> None:
    """Each tensor's over its own length, which for all is a share of the whole's."""
    whole = np.sqrt(sum(float((array**2).sum()) for array in expected.values()))
    for name, array in expected.items():
        assert np.isfinite(array).all(), f"the reference's {name} is not finite"
        length = max(float(np.linalg.norm(array)), 1e-4 * whole)
        assert np.linalg.norm(found[name] - array) <= REFERENCE_GRADIENT * length, name


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_flag(name: str, mask: bool, tmp_path: Path) -> None:
    config = configuration(name, use_selective_activation=mask)
    tensors = checkpoint_tensors(config, seed=SEEDS[name])
    ids = ids_of(2, SEEDS[name])
    reference = TrainedReference(config, tensors)
    expected = reference.gradients(ids, config, tmp_path / "reference")
    model = trained_form(config, tensors, tmp_path)
    check(flat_gradients(model, mean_loss, ids), expected)


def of_fixed_confidence(
    x: mx.array, adapted: mx.array, expected: mx.array, logit: mx.array, *rest: Any
) -> Mixture:
    fixed = mx.stop_gradient(logit)
    return confidence_mix(x, adapted, expected, fixed, *rest)


@pytest.mark.parametrize("name", ["released-ratios", "ttt-rank-and-rate"])
def test_test_time_training(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss of a text's last token, which is what the reference has it for.

    It makes a number of the confidence, which has no gradient then.
    """
    monkeypatch.setattr(metacognition, "confidence_mix", of_fixed_confidence)
    config = configuration(name)
    tensors = checkpoint_tensors(config, seed=SEEDS[name])
    ids = ids_of(1, 3)
    reference = TrainedReference(config, tensors)
    expected = reference.gradients(ids, config, tmp_path / "reference", ttt=True)
    model = trained_form(config, tensors, tmp_path)
    model.ttt = True

    def last_loss(model: Model, ids: mx.array) -> mx.array:
        return nn.losses.cross_entropy(model(ids[:, :-1])[:, -1], ids[:, -1]).mean()

    found = flat_gradients(model, last_loss, ids)
    assert found["metacognition.ttt.W0"].any()
    check(found, expected)


@pytest.mark.slow
def test_losses_of_a_hundred_steps(tmp_path: Path) -> None:
    """The same data in the same order, from the same weights, by plain descent."""
    config = configuration("released-ratios", n_layer=2, hybrid_full_attn_ratio=0.5)
    tensors = fresh_tensors(config)
    # Few texts again and again, so that there is something to learn.
    texts = [ids_of(2, step % 5) for step in range(STEPS)]
    expected = TrainedReference(config, tensors).train_by_descent(texts, RATE)
    model = trained_form(config, tensors, tmp_path)
    slope = nn.value_and_grad(model, mean_loss)
    descent, losses = optim.SGD(RATE), []
    for ids in texts:
        loss, gradients = slope(model, mx.array(ids))
        descent.update(model, gradients)
        mx.eval(model.parameters(), loss)
        losses.append(float(loss))
    assert np.isfinite(expected).all()
    assert expected[-5:].mean() < 0.9 * expected[:5].mean()
    assert np.abs(np.array(losses) - expected).max() <= LOSS_CURVE
