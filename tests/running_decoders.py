"""Running ordinary decoders in the ways their results must agree in."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from configurations import random_split
from running import Logits
from tolerances import LOGITS, max_difference

from backends.genesis_cpu.decoder.loader import load_decoder
from backends.genesis_cpu.decoder.model import DecoderModel
from genesis_chat.paths import compiled_directory

# A split into one call.
ALL = [slice(None)]


def load(folder: Path, dtype: str = "float32", **options: Any) -> DecoderModel:
    """Load with code that is compiled once per computer."""
    return load_decoder(folder, dtype=dtype, compiled=compiled_directory(), **options)


def split(model: DecoderModel, ids: list[int], parts: Iterable[slice]) -> Logits:
    """Logits [L, V] of one call per part of the ids."""
    cache = model.make_cache()
    return np.concatenate([model(np.array([ids[part]]), cache)[0] for part in parts])


def stepwise(model: DecoderModel, ids: list[int]) -> Logits:
    """Logits [L, V] of one compiled step per token."""
    cache = model.make_cache()
    return np.stack([model.step(token, cache) for token in ids])


def agrees(model: DecoderModel, expected: Logits, ids: list[int], seed: int) -> bool:
    """Whole, from the first token, split at random and stepwise."""
    scale = float(np.abs(expected).max())
    found = [
        split(model, ids, ALL),
        split(model, ids, random_split(len(ids), seed)),
        stepwise(model, ids),
    ]
    beginnings = [split(model, ids[:n], ALL) for n in (1, 63, 65)]
    return all(
        max_difference(each / scale, expected[: len(each)] / scale) <= LOGITS
        for each in (*found, *beginnings)
    )
