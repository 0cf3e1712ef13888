"""Small models to be trained, and what they are trained on."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from checkpoints import checkpoint_tensors, small_config
from mlx.utils import tree_flatten
from mlx_decoders import configuration, oracle
from numpy.typing import NDArray
from running import build

from backends.genesis_mlx.plugin.model import Model, ModelArgs
from backends.mlx_training import Example, Outcome, Report, TrainingSettings
from backends.mlx_training.training import train

LENGTHS = (2, 63, 65, 3, 17, 30)
VOCABULARY = 97
_MADE: dict[str, Any] = {}


def examples(count: int, seed: int = 0) -> list[Example]:
    """Texts that count up, of awkward lengths; targets are their last halves."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        length = LENGTHS[number % len(LENGTHS)]
        start, stride = rng.integers(0, VOCABULARY, 2)
        ids = (start + stride * np.arange(length)) % VOCABULARY
        targets = np.arange(length) >= max(1, length // 2)
        found.append(Example(ids.astype(np.int32), targets))
    return found


def example(ids: Sequence[int], targets: Sequence[int]) -> Example:
    """A text, of which the tokens in these places are targets."""
    wanted = np.zeros(len(ids), np.bool_)
    wanted[list(targets)] = True
    return Example(np.array(ids, np.int32), wanted)


def decoder(bits: int | None = None) -> Any:
    """An ordinary decoder of mlx-lm's, the same each time, of packed weights or not."""
    model = oracle(decoder_config())
    if bits:
        nn.quantize(model, group_size=32, bits=bits)
    return model


def decoder_config() -> dict[str, Any]:
    """Its configuration; every width may be quantised."""
    sizes = {"hidden_size": 64, "intermediate_size": 96, "head_dim": 16}
    return configuration("llama", num_hidden_layers=2, **sizes)


def genesis(**overrides: Any) -> Model:
    """A small Genesis behind mlx-lm's names, the same each time."""
    config = small_config(**overrides)
    key = str(sorted(config.items()))
    if key not in _MADE:
        with TemporaryDirectory() as folder:
            _MADE[key] = build(config, checkpoint_tensors(config), Path(folder))
    own = _MADE[key]
    model = Model(ModelArgs.from_dict(own.args.to_config() | {"model_type": "genesis"}))
    model.update(own.parameters())
    return model


def settings(**changes: Any) -> TrainingSettings:
    """Few steps of everything."""
    small: dict[str, Any] = {
        "method": "full",
        "steps": 6,
        "batch_size": 3,
        "learning_rate": 0.003,
        "validate_every": 2,
        "save_every": 2,
    }
    return TrainingSettings(**{**small, **changes})


def run(
    model: Any,
    folder: Path,
    chosen: TrainingSettings,
    training: Sequence[Example] | None = None,
    validation: Sequence[Example] | None = None,
    report: Callable[[Report], None] = lambda _: None,
    **options: Any,
) -> Outcome:
    """Train on a few examples."""
    if training is None:
        training = examples(20)
    if validation is None:
        validation = examples(5, seed=1)
    return train(model, training, validation, chosen, folder, report, **options)


def weights(model: Any) -> dict[str, NDArray[np.float32]]:
    """All parameters by name."""
    flat: Any = tree_flatten(model.parameters())
    return {name: np.array(array.astype(mx.float32)) for name, array in flat}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether all numbers are equal, bit for bit."""
    return one.keys() == other.keys() and all(
        np.array_equal(one[name], other[name]) for name in one
    )


def stop_after(count: int) -> Callable[[], bool]:
    """A stop that is wanted when it has been asked so often."""
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked >= count

    return stop
