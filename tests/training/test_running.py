"""What a run folder holds, how its process fails, machines, and other families."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.mlx_training import Example, TrainingSettings
from converters.training_record import BaseRecord, DataRecord
from genesis_chat.errors import GenerationError, ModelError, UsageError
from genesis_chat.models import ensure_builtin
from genesis_chat.training.planning import plan_training
from genesis_chat.training.process import TrainingProcess, command
from genesis_chat.training.questions import Question
from genesis_chat.training.run_folder import Plan, RunFolder, unfinished
from genesis_chat.training.running import base_of_run, run
from genesis_chat.training.stored_examples import read_examples, write_examples

pytest.importorskip("mlx_lm", reason="mlx-lm is not installed")


def example(length: int, seed: int = 0) -> Example:
    ids = np.random.default_rng(seed).integers(5, 500, length).astype(np.int32)
    return Example(ids, np.arange(length) >= length // 2)


def plan(**changes: Any) -> Plan:
    base = ensure_builtin()
    settings = {"steps": 2, "batch_size": 2, "layers": 1, "learning_rate": 1e-3}
    return Plan(
        "run",
        BaseRecord("builtin", base.sha256 or "", "genesis"),
        str(base.directory),
        DataRecord("data", "0" * 64, 4, 1, 1),
        TrainingSettings(**{**settings, **changes.pop("settings", {})}),
        **changes,
    )


def folder(**changes: Any) -> RunFolder:
    splits = {
        "train": [example(n, n) for n in (9, 2, 30, 17)],
        "valid": [example(11)],
        "test": [example(8)],
    }
    return RunFolder.create(plan(**changes), splits, [Question("a", "b", 1)])


def test_examples_come_back_one_by_one(tmp_path: Path) -> None:
    given = {"train": [example(n, n) for n in (2, 65, 3)], "valid": [], "test": []}
    write_examples(tmp_path / "x.npz", given)
    found = read_examples(tmp_path / "x.npz")
    assert [len(found[name]) for name in ("train", "valid", "test")] == [3, 0, 0]
    for mine, theirs in zip(given["train"], found["train"], strict=True):
        np.testing.assert_array_equal(mine.ids, theirs.ids)
        np.testing.assert_array_equal(mine.targets, theirs.targets)
    assert len(found["train"][1:]) == 2 and len(found["train"][-1]) == 3
    with pytest.raises(IndexError):
        found["train"][3]


def test_a_folder_is_opened_as_it_was_made(home: Path) -> None:
    made = folder()
    found = RunFolder.open("run")
    assert found == made and unfinished() == ["run"]
    assert found.questions() == [Question("a", "b", 1)]
    found.keep_before({"loss": 2.5})
    assert found.before() == {"loss": 2.5} and not found.has_checkpoint
    again = RunFolder.open("run").held()
    with found.held(), pytest.raises(ModelError, match="Another process"), again:
        raise AssertionError
    (found.path / "plan.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match="begin anew with --force"):
        RunFolder.open("run")
    found.remove()
    assert unfinished() == []


def test_another_model_under_the_name_is_noticed(home: Path) -> None:
    made = folder()
    assert base_of_run(made).name == "builtin"
    other = RunFolder(
        made.path, Plan(**{**vars(made.plan), "base": BaseRecord("builtin", "0", "")})
    )
    with pytest.raises(ModelError, match="another model now"):
        base_of_run(other)


def test_what_the_process_says_last_is_told(home: Path) -> None:
    made = folder()
    (made.path / "examples.npz").write_bytes(b"nothing")
    with pytest.raises(GenerationError, match=r"exit code 1.*--resume"):
        run(made, lambda event: None)


def test_a_damaged_model_is_an_error_of_one_sentence(home: Path) -> None:
    made = folder()
    weights = Path(made.plan.directory) / "model.safetensors"
    weights.unlink()
    weights.write_bytes(b"")
    with pytest.raises(GenerationError, match="cannot load the genesis model"):
        run(made, lambda event: None)


def test_it_diverges_and_says_so(home: Path) -> None:
    told: list[str] = []
    made = folder(settings={"steps": 40, "learning_rate": 1e30, "clip_norm": None})
    result = run(made, lambda event: told.append(event["kind"]))
    assert result.ending == "diverged" and result.step < 40
    assert not (made.path / "trained.safetensors").exists()


def test_leaving_ends_the_process(home: Path) -> None:
    made = folder(settings={"steps": 5000})
    with TrainingProcess(made) as process:
        next(event for event in process.events() if event and event["kind"] == "step")
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def hosts(path: Path, count: int) -> Path:
    file = path / "hosts.json"
    listed = [{"ssh": "127.0.0.1", "ips": ["127.0.0.1"]}] * count
    file.write_text(json.dumps(listed), encoding="utf-8")
    return file


def test_machines_are_started_by_mlx_launch(home: Path, tmp_path: Path) -> None:
    made = folder(machines=str(hosts(tmp_path, 2)))
    line = command(made)
    assert line[line.index("--hostfile") + 1] == str(tmp_path / "hosts.json")
    assert line[-2:] == ["genesis_chat.training.worker", str(made.path)]
    with pytest.raises(UsageError, match="names no machines"):
        command(folder_with(made, hosts(tmp_path, 0)))


def folder_with(made: RunFolder, machines: Path) -> RunFolder:
    return RunFolder(made.path, Plan(**{**vars(made.plan), "machines": str(machines)}))


@pytest.mark.slow
@pytest.mark.loopback
def test_two_processes_learn_what_one_does(home: Path, tmp_path: Path) -> None:
    alone = run(folder(), lambda event: None)
    RunFolder.open("run").remove()
    both = run(folder(machines=str(hosts(tmp_path, 2))), lambda event: None)
    assert both.ending == alone.ending == "finished"
    for name in ("training_losses", "validation_losses"):
        mine, theirs = getattr(alone, name), getattr(both, name)
        assert [step for step, _ in mine] == [step for step, _ in theirs]
        np.testing.assert_allclose(
            [loss for _, loss in mine], [loss for _, loss in theirs], atol=1e-4
        )
    assert both.loss_before == pytest.approx(alone.loss_before, abs=1e-4)


def test_nothing_that_is_not_there_is_planned(home: Path, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"text": "abc def"}\n', encoding="utf-8")
    options: dict[str, Any] = dict.fromkeys(
        ("method", "ttt", "max_length", "seed", "steps", "epochs")
    )
    with pytest.raises(ModelError, match="'absent'"):
        plan_training(
            tmp_path / "x.jsonl",
            None,
            model="absent",
            name=None,
            machines=None,
            force=False,
            skip_bad=False,
            options=options,
            told=lambda text: None,
        )
