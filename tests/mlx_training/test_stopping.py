"""How a run may end, and what it leaves."""

import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from trainees import decoder, examples, run, same, settings, stop_after, weights

from backends.mlx_training import (
    CheckpointReport,
    Report,
    StepReport,
    ValidationReport,
    has_checkpoint,
    result_weights,
)
from backends.mlx_training.divergence import Divergence


def numbers_of(path: Path | None) -> dict[str, Any]:
    arrays = mx.load(str(path))
    assert isinstance(arrays, dict)
    return {name: np.array(array) for name, array in arrays.items()}


def test_what_is_told(tmp_path: Path) -> None:
    told: list[Report] = []
    chosen = settings(steps=4, save_every=3, warmup_steps=2, schedule="linear")
    found = run(decoder(), tmp_path, chosen, report=told.append)
    kinds = " ".join(type(each).__name__.removesuffix("Report") for each in told)
    first, second = "Step Step Validation", "Step Checkpoint Step Validation Checkpoint"
    assert kinds == f"{first} {second}"
    steps = [each for each in told if isinstance(each, StepReport)]
    assert [each.step for each in steps] == [1, 2, 3, 4]
    assert [(n, each.loss) for n, each in enumerate(steps, 1)] == found.training_losses
    rates = np.array([each.learning_rate for each in steps]) / chosen.learning_rate
    assert np.allclose(rates, [0.5, 0.75, 1, 0.5], atol=1e-6)
    assert all(each.steps == 4 and each.gradient_norm > 0 for each in steps)
    assert found.tokens == sum(each.tokens for each in steps) > 0
    assert all(each.tokens_per_second > 0 for each in steps) and found.seconds > 0
    checked = [each for each in told if isinstance(each, ValidationReport)]
    assert [(each.step, each.loss) for each in checked] == found.validation_losses
    assert found.best_loss == min(each.loss for each in checked if each.best)
    assert [e.step for e in told if isinstance(e, CheckpointReport)] == [3, 4]


def test_the_best_is_what_it_gives(tmp_path: Path) -> None:
    """A rate at which the loss on unseen texts goes up again."""
    model = decoder()
    chosen = settings(steps=10, learning_rate=0.05, schedule="constant")
    found = run(model, tmp_path, chosen)
    assert found.best_step is not None and found.best_step < 10
    assert found.best_loss == min(loss for _, loss in found.validation_losses)
    assert same(weights(model), numbers_of(result_weights(tmp_path)))


def test_patience(tmp_path: Path) -> None:
    model = decoder()
    chosen = settings(
        steps=40, learning_rate=0.05, schedule="constant", patience=2, validate_every=1
    )
    found = run(model, tmp_path, chosen)
    assert found.reason == "early stop" and found.best_step is not None
    assert found.step == found.best_step + 2 < 40
    assert same(weights(model), numbers_of(result_weights(tmp_path)))
    again = run(decoder(), tmp_path, chosen, resume=True)
    assert (again.reason, again.step) == ("early stop", found.step)
    assert again.training_losses == found.training_losses


def test_without_validation(tmp_path: Path) -> None:
    model = decoder()
    found = run(model, tmp_path, settings(steps=3), validation=())
    assert found.best_step is found.best_loss is None
    assert found.validation_losses == []
    path = result_weights(tmp_path)
    assert path == tmp_path / "checkpoint-00000003" / "weights.safetensors"
    assert same(weights(model), numbers_of(path))


def test_more_is_asked_for_than_there_is(tmp_path: Path) -> None:
    """One example, batches of eight, in two parts."""
    chosen = settings(steps=3, batch_size=8, gradient_accumulation=2)
    found = run(decoder(), tmp_path, chosen, examples(1), ())
    assert found.reason == "finished" and found.training_losses[-1][1] > 0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number(
    bad: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fifth step's; the best of what came before stays."""
    from backends.mlx_training.gradients import step_gradients

    calls = Counter()

    def spoilt(*arguments: Any) -> Any:
        loss, gradients = step_gradients(*arguments)
        return (loss * bad if calls() == 5 else loss), gradients

    monkeypatch.setattr("backends.mlx_training.run.step_gradients", spoilt)
    model = decoder()
    found = run(model, tmp_path, settings(validate_every=1))
    assert (found.reason, found.step) == ("diverged", 4)
    assert "is no number any more at step 5" in found.explanation
    assert has_checkpoint(tmp_path)
    assert same(weights(model), numbers_of(result_weights(tmp_path)))
    assert all(np.isfinite(array).all() for array in weights(model).values())


@pytest.mark.parametrize("validation", [None, ()])
def test_the_last_step_leaves_no_numbers(
    validation: tuple[()] | None, tmp_path: Path
) -> None:
    """No loss comes after it: the weights tell, or what they make of unseen texts."""
    model = decoder()
    chosen = settings(steps=1, learning_rate=1e38, weight_decay=100.0, warmup_steps=0)
    found = run(model, tmp_path, chosen, validation=validation)
    assert (found.reason, found.step) == ("diverged", 1)
    assert "is no number any more at step 1" in found.explanation
    assert result_weights(tmp_path) is None and not has_checkpoint(tmp_path)


class Counter:
    """How often it was called."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> int:
        self.count += 1
        return self.count


def losses(*parts: tuple[int, float]) -> Iterator[float]:
    for count, loss in parts:
        yield from [loss] * count


@pytest.mark.parametrize(
    ("steps", "seen", "certain"),
    [
        (2000, [(300, 2.0), (70, 9.0)], True),
        (2000, [(300, 2.0), (30, 9.0), (300, 2.0)], False),
        (2000, [(300, 0.01), (70, 2.9)], True),
        (2000, [(300, 2.0), (500, 3.5)], False),
        (2000, [(20, 11.0), (500, 4.0)], False),
        (100, [(20, 2.0), (20, 30.0)], True),
        (2000, [(1, 2.0), (1, 5.0)] * 40, False),
    ],
)
def test_far_above_the_lowest_for_long(
    steps: int, seen: list[tuple[int, float]], certain: bool
) -> None:
    divergence = Divergence(steps)
    found = False
    for loss in losses(*seen):
        divergence.see(loss)
        found = found or divergence.certain
    assert found == certain


def test_weights_gone_astray_are_not_kept(tmp_path: Path) -> None:
    """A rate far too high: the checkpoint is one from before, or there is none."""
    model = decoder()
    chosen = settings(
        steps=60,
        learning_rate=3.0,
        clip_norm=None,
        schedule="constant",
        save_every=1,
        validate_every=100,
        warmup_steps=0,
    )
    found = run(model, tmp_path, chosen, validation=())
    assert found.reason == "diverged" and "lower learning rate" in found.explanation
    assert "far above its lowest" in found.explanation
    kept = found.training_losses[: int(next(tmp_path.glob("c*")).name[-8:])]
    assert max(loss for _, loss in kept) < found.training_losses[-1][1]


def test_ctrl_c_keeps_a_checkpoint(tmp_path: Path) -> None:
    expected = decoder()
    run(expected, tmp_path / "whole", settings())

    def press(report: Report) -> None:
        if isinstance(report, StepReport) and report.step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    found = run(decoder(), tmp_path / "run", settings(), report=press)
    assert signal.getsignal(signal.SIGINT) is before
    assert found.reason == "interrupted" and found.step in (3, 4)
    resumed = decoder()
    run(resumed, tmp_path / "run", settings(), resume=True)
    assert same(weights(resumed), weights(expected))


def test_a_second_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    def press(report: Report) -> None:
        if isinstance(report, StepReport) and report.step == 3:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run(decoder(), tmp_path, settings(), report=press)
    assert signal.getsignal(signal.SIGINT) is before
    assert has_checkpoint(tmp_path)


def test_the_last_weights_when_interrupted(tmp_path: Path) -> None:
    model = decoder()
    found = run(model, tmp_path, settings(), stop=stop_after(3))
    path = tmp_path / "checkpoint-00000003" / "weights.safetensors"
    assert found.reason == "interrupted"
    assert same(weights(model), numbers_of(path))


def test_without_mlx_it_is_one_sentence() -> None:
    """The package itself can be imported, and says what is missing."""
    script = (
        "import sys\n"
        "sys.modules['mlx'] = None\n"
        "import importlib.util\n"
        "real = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda n, *r: None if n == 'mlx' else real(n, *r)\n"
        "from pathlib import Path\n"
        "from backends.mlx_training import Example, TrainingError, open_trainee\n"
        "try:\n"
        "    open_trainee(Path('.'))\n"
        "except TrainingError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Training needs MLX, which is not installed here")
    assert done.stdout.count("\n") == 1
