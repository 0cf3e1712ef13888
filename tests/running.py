"""Building models and running them in the ways their results must agree in."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from checkpoints import Stored, write_checkpoint, write_small_neox
from loaded import loaded
from numpy.typing import NDArray

from backends.genesis_mlx import Model, load
from converters import convert
from genesis_chat import Genesis
from genesis_chat.engine import LocalEngine, Snapshots
from genesis_chat.history import Store
from genesis_chat.paths import SNAPSHOTS

Logits = NDArray[np.float32]


def build(
    config: Mapping[str, Any], tensors: Mapping[str, Stored], folder: Path
) -> Model:
    """Write a checkpoint as the reference would, convert it and load it."""
    source = write_checkpoint(folder / "source.safetensors", config, tensors)
    tokenizer = folder / "tokenizer.json"
    write_small_neox(tokenizer, config["vocab_size"])
    model = build_from(source, folder / "model", tokenizer=tokenizer)
    source.unlink()
    return model


def build_from(source: Path, destination: Path, **options: Any) -> Model:
    """Convert a checkpoint and load it in float32."""
    convert(source, destination, **options)
    return load(destination, dtype="float32")


def whole(model: Model, ids: Sequence[int], *, ttt: bool) -> Logits:
    """Logits [L, V] of one call."""
    return split(model, ids, [slice(None)], ttt=ttt)


def token_by_token(model: Model, ids: Sequence[int], *, ttt: bool) -> Logits:
    """Logits [L, V] of one call per token."""
    return split(model, ids, [slice(i, i + 1) for i in range(len(ids))], ttt=ttt)


def engine_of(genesis: Genesis, store: Store) -> LocalEngine:
    """An engine whose states are kept beside a history, as the command line's."""
    return LocalEngine(loaded(genesis), Snapshots(store.path.with_name(SNAPSHOTS)))


def split(
    model: Model, ids: Sequence[int], parts: Iterable[slice], *, ttt: bool
) -> Logits:
    """Logits [L, V] of one call per part of the ids."""
    cache = model.make_cache(ttt=ttt)
    outputs = []
    for part in parts:
        outputs.append(model(mx.array([list(ids[part])]), cache)[0])
        mx.eval(outputs[-1])
    return np.asarray(mx.concatenate(outputs), np.float32)
