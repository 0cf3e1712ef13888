"""A tiny model from scratch, at a learning rate where the reference's loss is NaN."""

import os
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
import numpy as np
import pytest
from checkpoints import SMALL_VOCAB
from configurations import configuration
from mlx.utils import tree_flatten
from reference_training import TrainedReference, fresh_tensors
from training_models import Ids, mean_loss, trained_form

pytestmark = [
    pytest.mark.reference,
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("GENESIS_SOAK"), reason="takes minutes"),
]

STEPS, RATE, LENGTH = 2000, 3e-3, 128


def texts(count: int) -> list[Ids]:
    """Walks through the vocabulary, each token with four that may follow it."""
    rng = np.random.default_rng(1)
    following = rng.integers(0, SMALL_VOCAB, (SMALL_VOCAB, 4))
    found = []
    for _ in range(count):
        ids = np.empty((2, LENGTH + 1), np.int32)
        ids[:, 0] = rng.integers(0, SMALL_VOCAB, 2)
        for place in range(LENGTH):
            ids[:, place + 1] = following[ids[:, place], rng.integers(0, 4, 2)]
        found.append(ids)
    return found


def test_two_thousand_steps_without_nan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # PyTorch's optimisers import its compiler, which sets it for good.
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    config = configuration("released-ratios", n_layer=2, hybrid_full_attn_ratio=0.5)
    tensors, batches = fresh_tensors(config), texts(STEPS)
    theirs = TrainedReference(config, tensors).train_by_adam(batches, RATE)
    model = trained_form(config, tensors, tmp_path)
    slope = nn.value_and_grad(model, mean_loss)
    adam, losses = optim.AdamW(RATE), []
    for ids in batches:
        loss, gradients = slope(model, mx.array(ids))
        adam.update(model, gradients)
        mx.eval(model.parameters(), loss)
        losses.append(float(loss))
    print(f"reference: {len(theirs)} steps, last {theirs[-1]}")
    print(f"ours: from {losses[0]} to {np.mean(losses[-50:])}")
    assert not np.isfinite(theirs[-1])
    assert np.isfinite(losses).all()
    weights: Any = tree_flatten(model.parameters())
    assert all(np.isfinite(np.array(array)).all() for _, array in weights)
    # Four tokens may follow each: ln 4 is the least.
    assert np.mean(losses[-50:]) < losses[0] - 1
