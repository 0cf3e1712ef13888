"""Choosing which of a model's parameters are trained."""

from typing import Any

import mlx.core as mx
import mlx.nn as nn

from ..errors import TrainingError
from ..mlx_family import library
from .settings import TrainingSettings


def layer_count(model: Any, settings: TrainingSettings) -> int:
    """How many of the last layers are trained.

    Raises `TrainingError` when the model has fewer.
    """
    count = len(model.layers)
    if settings.layers is not None and settings.layers > count:
        raise TrainingError(
            f"layers is {settings.layers}, but the model has {count} layers."
        )
    return settings.layers or count


def prepare(model: Any, settings: TrainingSettings) -> None:
    """Freeze a model but for what is to be trained, and put adapters into it.

    Adapters are mlx-lm's, drawn from the seed. Raises `TrainingError` when the method
    cannot train this model.
    """
    count = layer_count(model, settings)
    model.freeze()
    if settings.method == "full":
        _unfreeze(model, settings)
    elif settings.method != "ttt":
        _add_adapters(model, settings, count)
    _prepare_ttt(model, settings.ttt or settings.method == "ttt")


def _prepare_ttt(model: Any, on: bool) -> None:
    """Switch a Genesis model's test-time training, and train what it uses."""
    if not hasattr(model, "metacognition"):
        if on:
            raise TrainingError("ttt is on, but the model has no test-time training.")
        return
    model.ttt = on
    top = model.metacognition
    # Weight decay would shrink what has no part in the loss.
    top.freeze()
    if on:
        top.unfreeze()
        for unused in (top.ttt.q_proj, top.ttt.k_proj, top.ttt.v_proj, top.reflection):
            unused.freeze()


def _unfreeze(model: Any, settings: TrainingSettings) -> None:
    if any(hasattr(module, "bits") for module in model.modules()):
        raise TrainingError(
            "The method full cannot train quantised weights; use lora or dora, or a "
            "model that is not quantised."
        )
    if settings.layers is None:
        model.unfreeze()
        return
    for layer in model.layers[-settings.layers :]:
        layer.unfreeze()


def _add_adapters(model: Any, settings: TrainingSettings, count: int) -> None:
    dora = settings.method == "dora"
    if dora:
        _check_dora(model)
    mx.random.seed(settings.seed)
    try:
        library.tuner().linear_to_lora_layers(
            model, count, settings.adapter(), use_dora=dora
        )
    except ValueError as error:
        raise TrainingError(
            f"The method {settings.method} cannot train this model ({error})."
        ) from error


def _check_dora(model: Any) -> None:
    for module in model.modules():
        # mlx-lm counts the columns of others wrongly.
        if isinstance(module, nn.QuantizedLinear) and 32 % module.bits:
            raise TrainingError(
                f"The method dora cannot train weights of {module.bits} bits; use lora."
            )
