"""A family of mlx-lm's learns: the real SmolLM2, twenty steps of LoRA."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from backends.mlx_training import Example, TrainingSettings, result_weights

pytestmark = pytest.mark.skipif(
    find_spec("mlx_lm") is None, reason="mlx-lm is not installed"
)
STEPS = 20


def pairs(tokenizer: Tokenizer) -> list[Example]:
    """A small language of commands; the answers are the targets."""
    found = []
    for number in range(24):
        rooms = ("kitchen", "hall", "study", "cellar")
        prompt = f"Turn on lamp {number} in the {rooms[number % 4]}.\n"
        answer = f"LAMP {number} {rooms[number % 4].upper()} ON<|im_end|>"
        asked, told = (tokenizer.encode(part).ids for part in (prompt, answer))
        ids = np.array(asked + told, np.int32)
        found.append(Example(ids, np.arange(len(ids)) >= len(asked)))
    return found


def test_twenty_steps(smollm2: Path, tmp_path: Path) -> None:
    from backends.mlx_training.trainee import open_trainee
    from backends.mlx_training.training import train

    tokenizer = Tokenizer.from_file(str(smollm2 / "tokenizer.json"))
    examples = pairs(tokenizer)
    settings = TrainingSettings(
        layers=8,
        steps=STEPS,
        batch_size=2,
        learning_rate=1e-3,
        warmup_steps=2,
        validate_every=STEPS,
    )
    model = open_trainee(smollm2, "lora")
    run = tmp_path / "run"
    found = train(model, examples[:20], examples[20:], settings, run, lambda _: None)
    losses = [loss for _, loss in found.training_losses]
    assert found.reason == "finished" and len(losses) == STEPS
    # From guessing a form it has never seen to nearly knowing it.
    assert np.mean(losses[-5:]) < np.mean(losses[:3]) / 3
    assert found.best_loss is not None and found.best_loss < losses[0] / 3
    assert result_weights(run) == run / f"best-{STEPS:08}" / "adapters.safetensors"
