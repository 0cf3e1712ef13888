"""A run that was broken off goes on to the same numbers, bit for bit."""

from pathlib import Path
from typing import Any

import pytest
from trainees import decoder, genesis, run, same, settings, stop_after, weights

CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "accumulation": {"gradient_accumulation": 3, "batch_tokens": 80},
    "lora with dropout": {"method": "lora", "dropout": 0.3},
}


@pytest.mark.parametrize("stopped", [1, 3])
@pytest.mark.parametrize("case", CASES)
def test_resumed_is_uninterrupted(case: str, stopped: int, tmp_path: Path) -> None:
    chosen = settings(**CASES[case])
    whole, broken = decoder(), decoder()
    expected = run(whole, tmp_path / "whole", chosen)
    first = run(broken, tmp_path / "broken", chosen, stop=stop_after(stopped))
    assert (first.reason, first.step) == ("interrupted", stopped)
    resumed = decoder()
    found = run(resumed, tmp_path / "broken", chosen, resume=True)
    assert found.reason == expected.reason == "finished"
    assert found.training_losses == expected.training_losses
    assert found.validation_losses == expected.validation_losses
    assert found.best_loss == expected.best_loss
    assert same(weights(resumed), weights(whole))


def test_genesis_learns(tmp_path: Path) -> None:
    model = genesis()
    before = weights(model)
    found = run(model, tmp_path / "run", settings(steps=12, warmup_steps=2))
    losses = [loss for _, loss in found.training_losses]
    assert sum(losses[-3:]) < sum(losses[:3])
    after = weights(model)
    changed = {name for name in before if not (before[name] == after[name]).all()}
    assert any(name.startswith("tok_emb") for name in changed)
    assert not any(name.startswith("metacognition") for name in changed)
