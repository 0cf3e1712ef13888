"""A run that was broken off goes on to the same numbers, bit for bit."""

from pathlib import Path
from typing import Any

import pytest
from trainees import decoder, genesis, run, same, settings, stop_after, weights

# Batches of three of twenty examples: every stop is in the middle of an epoch.
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "accumulation, over epochs": {"gradient_accumulation": 3, "batch_tokens": 80},
    "dropout": {"method": "lora", "dropout": 0.3, "gradient_checkpointing": True},
    "early stop": {
        "learning_rate": 0.05,
        "schedule": "constant",
        "validate_every": 1,
        "patience": 2,
        "steps": 30,
    },
    "genesis": {"steps": 4, "ttt": True, "gradient_accumulation": 2},
    "test-time training alone": {"steps": 4, "method": "ttt"},
}
GENESIS = ("genesis", "test-time training alone")


@pytest.mark.parametrize("case", CASES)
def test_resumed_is_uninterrupted(case: str, tmp_path: Path) -> None:
    """Broken off after the first step, and after two more."""
    chosen = settings(**CASES[case])
    make: Any = genesis if case in GENESIS else decoder
    whole = make()
    expected = run(whole, tmp_path / "whole", chosen)
    for stopped, parts in ((1, 1), (3, 2)):
        found = run(
            make(),
            tmp_path / "parts",
            chosen,
            stop=stop_after(parts),
            resume=stopped > 1,
        )
        assert (found.reason, found.step) == ("interrupted", stopped)
    resumed = make()
    found = run(resumed, tmp_path / "parts", chosen, resume=True)
    assert found.reason == expected.reason
    assert found.reason == ("early stop" if case == "early stop" else "finished")
    assert found.training_losses == expected.training_losses
    assert found.validation_losses == expected.validation_losses
    assert (found.best_step, found.best_loss, found.tokens) == (
        expected.best_step,
        expected.best_loss,
        expected.tokens,
    )
    assert same(weights(resumed), weights(whole))


def changed(model: Any, before: dict[str, Any]) -> set[str]:
    after = weights(model)
    return {name for name in before if not (before[name] == after[name]).all()}


@pytest.mark.parametrize("ttt", [False, True])
def test_genesis_learns(ttt: bool, tmp_path: Path) -> None:
    """Test-time training's own parameters where it is on, and what is unused never."""
    model = genesis()
    before = weights(model)
    chosen = settings(steps=8, warmup_steps=2, ttt=ttt, validate_every=8)
    found = run(model, tmp_path, chosen)
    losses = [loss for _, loss in found.training_losses]
    assert sum(losses[-3:]) < sum(losses[:3])
    names = changed(model, before)
    assert "tok_emb.weight" in names
    own = {name for name in names if name.startswith("metacognition")}
    assert bool(own) == ttt
    if ttt:
        assert {f"metacognition.ttt.{n}" for n in ("W0", "A_init", "B_init")} <= own
        assert not any("_proj" in n and "out_proj" not in n for n in own)
        assert "metacognition.reflection.weight" not in own


def test_only_test_time_training_learns(tmp_path: Path) -> None:
    model = genesis()
    before = weights(model)
    run(model, tmp_path, settings(steps=2, method="ttt"))
    names = changed(model, before)
    assert names and all(name.startswith("metacognition") for name in names)
