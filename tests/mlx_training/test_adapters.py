"""What was trained, as mlx-lm's own tools read it."""

from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from mlx_decoders import logits, write
from tolerances import SPLIT, max_difference
from trainees import decoder, decoder_config, genesis, run, same, settings, weights

from backends.mlx_family import library
from backends.mlx_training import TrainingError, result_weights
from backends.mlx_training.adapters import load_adapter
from backends.mlx_training.tensors import flat
from backends.mlx_training.trainee import open_trainee

IDS = [3, 9, 27, 81, 50]


def quantized() -> Any:
    """A base that stays packed while its adapter is trained."""
    return decoder(bits=4)


@pytest.mark.parametrize(
    ("kind", "method", "layers"),
    [
        ("decoder", "lora", None),
        ("decoder", "dora", 1),
        ("decoder", "full", None),
        ("decoder", "full", 1),
        ("quantized", "lora", 1),
        ("quantized", "dora", None),
        ("genesis", "lora", None),
        ("genesis", "dora", 1),
        ("genesis", "full", None),
    ],
)
def test_mlx_lm_reads_what_was_trained(
    kind: str, method: str, layers: int | None, tmp_path: Path
) -> None:
    """Every method, of every layer and of the last, by mlx-lm's own function."""

    def base() -> Any:
        made = {"decoder": decoder, "quantized": quantized}
        return genesis() if kind == "genesis" else made[kind]()

    changes = {"steps": 2, "rank": 3, "scale": 2.0, "learning_rate": 0.03}
    trained, chosen = base(), settings(method=method, layers=layers, **changes)
    before = logits(trained, IDS)
    outcome = run(trained, tmp_path / "run", chosen)
    best = result_weights(tmp_path / "run")
    assert best is not None and best.parent.name == f"best-{outcome.best_step:08}"
    expected = logits(trained, IDS)
    assert max_difference(expected, before) > 0.01
    read = library.tuner().load_adapters
    assert (
        max_difference(logits(read(base(), str(best.parent)), IDS), expected) <= SPLIT
    )
    again = base()
    load_adapter(again, chosen, best.parent)
    assert max_difference(logits(again, IDS), expected) <= SPLIT


def test_an_adapter_beside_test_time_training(tmp_path: Path) -> None:
    """mlx-lm has no such layer, and refuses its parameters instead of losing them."""
    model, chosen = genesis(), settings(method="lora", ttt=True, steps=2)
    run(model, tmp_path, chosen)
    best = result_weights(tmp_path)
    assert best is not None
    again = genesis()
    load_adapter(again, chosen, best.parent)
    assert same(weights(again), weights(model))
    with pytest.raises(ValueError, match="not an adapter parameter"):
        library.tuner().load_adapters(genesis(), str(best.parent))


def test_only_the_adapter_changes(tmp_path: Path) -> None:
    model = decoder()
    before = weights(model)
    run(model, tmp_path, settings(method="lora", layers=1))
    found = weights(model)
    adapters = {name for name in found if "lora_" in name}
    assert adapters and all("layers.1." in name for name in adapters)
    rest = {n.replace(".linear", ""): a for n, a in found.items() if n not in adapters}
    assert same(rest, before)


def test_the_seed_draws_the_adapter(tmp_path: Path) -> None:
    found = []
    for number, seed in enumerate((5, 5, 6)):
        model = decoder()
        chosen = settings(method="lora", seed=seed, steps=1)
        run(model, tmp_path / str(number), chosen)
        found.append(weights(model))
    assert same(found[0], found[1]) and not same(found[0], found[2])


@pytest.mark.parametrize(
    ("make", "changes", "words"),
    [
        (decoder, {"layers": 3}, "layers is 3, but the model has 2 layers"),
        (decoder, {"ttt": True}, "the model has no test-time training"),
        (quantized, {"method": "full"}, "cannot train quantised weights; use lora"),
    ],
)
def test_settings_that_do_not_fit_the_model(
    make: Any, changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=words):
        run(make(), tmp_path, settings(**changes))
    assert not list(tmp_path.glob("*.*-*"))


def test_dora_of_three_bits_is_refused(tmp_path: Path) -> None:
    """mlx-lm makes its layers of a wrong width."""
    with pytest.raises(TrainingError, match="dora cannot train weights of 3 bits"):
        run(decoder(bits=3), tmp_path, settings(method="dora"))


def test_a_folder_is_opened(tmp_path: Path) -> None:
    model = decoder()
    folder = write(tmp_path / "model", decoder_config(), model, dtype=mx.bfloat16)
    opened = open_trainee(folder)
    rounded = {
        name: np.array(mx.array(array).astype(mx.bfloat16).astype(mx.float32))
        for name, array in weights(model).items()
    }
    assert same(weights(opened), rounded)
    assert {array.dtype for array in flat(opened.parameters()).values()} == {mx.float32}


def test_a_genesis_folder_is_opened(converted_once: Path) -> None:
    """As mlx-lm has it, in which training reads whole texts."""
    opened = open_trainee(converted_once)
    assert opened.model_type == "genesis" and hasattr(opened, "training_features")
    assert {array.dtype for array in flat(opened.parameters()).values()} == {mx.float32}
