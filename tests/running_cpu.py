"""Running the CPU backend in the ways its results must agree in."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from running import Logits

from backends.genesis_cpu import Model, load
from backends.genesis_cpu.weights import Dtype
from genesis_chat.paths import compiled_directory


def load_cpu(
    directory: Path, dtype: Dtype = "float32", threads: int | None = None
) -> Model:
    """Load a converted model with code compiled once per computer."""
    compiled = compiled_directory()
    return load(directory, dtype=dtype, compiled=compiled, threads=threads)


def whole(model: Model, ids: Sequence[int], *, ttt: bool) -> Logits:
    """Logits [L, V] of one call."""
    return split(model, ids, [slice(None)], ttt=ttt)


def token_by_token(model: Model, ids: Sequence[int], *, ttt: bool) -> Logits:
    """Logits [L, V] of one compiled step per token."""
    cache = model.make_cache(ttt=ttt)
    return np.stack([model.step(i, cache) for i in ids])


def split(
    model: Model, ids: Sequence[int], parts: Iterable[slice], *, ttt: bool
) -> Logits:
    """Logits [L, V] of one call per part of the ids."""
    cache = model.make_cache(ttt=ttt)
    return np.concatenate([model(np.array([ids[part]]), cache)[0] for part in parts])
