"""Gradient checkpointing: less memory, the same gradients."""

from typing import Any, Literal

import mlx.core as mx
import mlx.nn as nn
import pytest
from tolerances import TRAINING, max_difference
from trainees import decoder, examples, genesis

from backends.mlx_training.batches import Batch
from backends.mlx_training.losses import model_form, target_loss
from backends.mlx_training.preparation import prepare
from backends.mlx_training.recomputation import recomputed
from backends.mlx_training.settings import TrainingSettings
from backends.mlx_training.tensors import flat


def gradients(model: Any) -> dict[str, mx.array]:
    form, batch = model_form(model), Batch.of(examples(3))
    mx.random.seed(1)
    _, found = nn.value_and_grad(model, lambda: target_loss(form, batch))()
    return flat(found)


@pytest.mark.parametrize("kind", ["decoder", "genesis"])
@pytest.mark.parametrize("method", ["full", "lora"])
def test_gradients_are_the_same(kind: str, method: Literal["full", "lora"]) -> None:
    """With dropout, whose numbers are drawn once more."""
    model = decoder() if kind == "decoder" else genesis()
    prepare(model, TrainingSettings(method=method, dropout=0.5, rank=2))
    # B is zero at first, and hides what A's dropout does.
    if method == "lora":
        model.apply_to_modules(
            lambda _, module: (
                module.update({"lora_b": module.lora_b + 0.1})
                if "lora_b" in module
                else None
            )
        )
    model.train()
    before = type(model.layers[0]).__call__
    expected = gradients(model)
    with recomputed(model.layers):
        found = gradients(model)
    assert type(model.layers[0]).__call__ is before
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        scale = max(1e-6, float(mx.abs(array).max()))
        assert max_difference(found[name], array) <= TRAINING * scale, name
