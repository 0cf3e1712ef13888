"""The loss: cross-entropy of targets alone."""

from collections.abc import Callable
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from .batches import Batch

# Features [B, L, D] of ids [B, L], and logits [T, V] of features [T, D].
Form = tuple[Callable[[mx.array], mx.array], Callable[[mx.array], mx.array]]


def target_loss(model: Any, batch: Batch) -> mx.array:
    """The sum over a batch's targets, a float32 scalar, in nats.

    The head, most of a small model's work, sees the places that predict a target only.
    """
    features, head = model_form(model)
    before = batch.targets[:, 1:].reshape(-1)
    places = mx.array(np.flatnonzero(before).astype(np.int32))
    wanted = mx.array(batch.ids[:, 1:].reshape(-1)[before])
    x = features(mx.array(batch.ids[:, :-1]))
    chosen = x.reshape(-1, x.shape[-1])[places]
    logits = head(chosen).astype(mx.float32)
    loss: mx.array = nn.losses.cross_entropy(logits, wanted, reduction="sum")
    return loss


def model_form(model: Any) -> Form:
    """A model's two halves.

    Genesis has them by name. Other families' logits are whole: many scale or cap them
    in ways of their own.
    """
    if hasattr(model, "training_features"):
        return model.training_features, model.logits
    return model, lambda logits: logits
