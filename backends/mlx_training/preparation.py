"""Choosing which of a model's parameters are trained."""

from typing import Any

import mlx.core as mx

from ..errors import TrainingError
from .settings import TrainingSettings


def prepare(model: Any, settings: TrainingSettings) -> None:
    """Freeze a model but for what is to be trained, and put adapters into it.

    Adapters are mlx-lm's, drawn from the seed. Raises `TrainingError` when it has
    fewer layers than are to be trained.
    """
    count = len(model.layers)
    if settings.layers is not None and settings.layers > count:
        raise TrainingError(
            f"layers is {settings.layers}, but the model has {count} layers."
        )
    chosen = model.layers[count - (settings.layers or count) :]
    model.freeze()
    if settings.method == "full":
        for part in [model] if settings.layers is None else chosen:
            part.unfreeze()
    else:
        from mlx_lm.tuner.utils import linear_to_lora_layers

        mx.random.seed(settings.seed)
        numbers = {
            name: getattr(settings, name) for name in ("rank", "scale", "dropout")
        }
        dora = settings.method == "dora"
        linear_to_lora_layers(model, len(chosen), numbers, use_dora=dora)
    if hasattr(model, "metacognition") and not settings.ttt:
        # It has no part in the loss; weight decay would shrink it.
        model.metacognition.freeze()
