"""The loss: cross-entropy of targets alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from ..mlx_base.cross_entropy import cross_entropy
from .batches import Batch

# Halves that give other logits than the whole would, by more than rounding, are none.
ROUNDING = 1e-3


@dataclass(frozen=True)
class Form:
    """A model in two halves: features [B, L, ...] of ids [B, L], and logits [T, V] of
    features [T, ...]; V is `vocabulary`."""

    features: Callable[[mx.array], mx.array]
    head: Callable[[mx.array], mx.array]
    vocabulary: int


def target_loss(form: Form, batch: Batch) -> mx.array:
    """The sum over a batch's targets, a float32 scalar, in nats.

    The head, most of a small model's work, sees the places that predict a target only.
    """
    predicted = batch.targets[:, 1:].reshape(-1)
    places = mx.array(np.flatnonzero(predicted).astype(np.int32))
    wanted = mx.array(batch.ids[:, 1:].reshape(-1)[predicted])
    features = form.features(mx.array(batch.ids[:, :-1]))
    chosen = features.reshape(-1, features.shape[-1])[places]
    return cross_entropy(form.head(chosen), wanted).sum()


def model_form(model: Any) -> Form:
    """A model's two halves, tried on two tokens.

    Genesis has them by name, and so have most families; but many scale or cap their
    logits in ways of their own, and then the whole model is the first half.
    """
    ids = mx.zeros((1, 2), mx.int32)
    whole = model(ids)
    vocabulary = whole.shape[-1]
    for features, head in _halves(model):
        if _near(head(features(ids)), whole):
            return Form(features, head, vocabulary)
    return Form(model, lambda logits: logits, vocabulary)


def _halves(model: Any) -> list[tuple[Callable[..., Any], Callable[..., Any]]]:
    if hasattr(model, "training_features"):
        return [(model.training_features, model.logits)]
    body = getattr(model, "model", None)
    embedding = getattr(body, "embed_tokens", None)
    if not isinstance(body, nn.Module) or embedding is None:
        return []
    if hasattr(model, "lm_head"):
        return [(body, model.lm_head)]
    return [(body, embedding.as_linear)]


def _near(found: mx.array, whole: mx.array) -> bool:
    if found.shape != whole.shape:
        return False
    scale = mx.abs(whole).max()
    return bool((mx.abs(found - whole).max() <= ROUNDING * scale).item())
