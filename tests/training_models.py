"""Models behind mlx-lm's names, as they are trained, and their losses."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from checkpoints import Stored
from mlx.utils import tree_flatten
from numpy.typing import NDArray
from running import build

from backends.genesis_mlx.plugin.model import Model, ModelArgs

Ids = NDArray[np.int32]
Gradients = dict[str, NDArray[np.float32]]


def trained_form(
    config: Mapping[str, Any], tensors: Mapping[str, Stored], folder: Path
) -> Model:
    """The model of a checkpoint, to be trained."""
    own = build(config, tensors, folder)
    model = Model(ModelArgs.from_dict(own.args.to_config() | {"model_type": "genesis"}))
    model.update(own.parameters())
    model.train()
    return model


def mean_loss(model: Model, ids: mx.array) -> mx.array:
    """The mean cross-entropy of every token but the first, of ids [B, L]."""
    return nn.losses.cross_entropy(model(ids[:, :-1]), ids[:, 1:], reduction="mean")


def flat_gradients(
    model: Model, loss: Callable[[Model, mx.array], mx.array], ids: Ids
) -> Gradients:
    """Of a loss by every parameter, under its whole name."""
    _, found = nn.value_and_grad(model, loss)(model, mx.array(ids))
    flat: Any = tree_flatten(found)
    return {name: np.array(array) for name, array in flat}
