"""The recipe at a small scale: from nothing to a file that everything takes."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import Stored
from reference import Reference
from safetensors import safe_open
from safetensors.numpy import load_file
from small_subjects import SMALL

from backends.mlx_training import result_weights
from converters import convert, load_tokenizer
from genesis_chat.errors import GenesisChatError, UsageError
from genesis_chat.training.builtin import result
from genesis_chat.training.builtin.configuration import CONFIGURATION
from genesis_chat.training.builtin.plan import (
    LANGUAGE,
    NUMBERS,
    REFINEMENT,
    REVIEW,
    SHARES,
    STAGES,
    STYLES,
    TTT,
    Plan,
    costs,
)
from genesis_chat.training.builtin.release import release
from genesis_chat.training.builtin.result import EVALUATION, NAME, finish
from genesis_chat.training.builtin.run import begin, go_on

pytest.importorskip("mlx_lm", reason="mlx-lm is not installed")

SHAPE = {
    **CONFIGURATION,
    "vocab_size": 384,
    "n_embd": 48,
    "n_layer": 4,
    "n_head": 2,
    "n_kv_head": 1,
    "head_dim": 24,
}
PLAN = Plan(
    origin="nothing",
    steps=4,
    refinement_steps=3,
    styles_steps=2,
    numbers_steps=2,
    review_steps=2,
    ttt_steps=2,
    batch_tokens=512,
    processes=1,
    conversations=300,
    configuration=SHAPE,
)
FOREVER = 3600.0


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that is prepared."""
    folder = tmp_path_factory.mktemp("run") / "begun"
    begin(folder, PLAN)
    return folder


def copy(begun: Path, folder: Path, **changes: Any) -> Path:
    """Another of the same beginning."""
    shutil.copytree(begun, folder)
    replace(PLAN, **changes).write(folder)
    return folder


@pytest.fixture(scope="module")
def done(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has gone through without a break."""
    folder = copy(begun, tmp_path_factory.mktemp("run") / "done")
    told = []
    assert go_on(folder, FOREVER, lambda stage, report: told.append((stage, report)))
    steps = [(stage, report["step"]) for stage, report in told]
    counts = {LANGUAGE: 4, REFINEMENT: 3, STYLES: 2, NUMBERS: 2, REVIEW: 2, TTT: 2}
    assert steps == [(s, n + 1) for s in STAGES for n in range(counts[s])]
    return folder


@pytest.mark.slow
def test_interrupted_and_resumed_is_the_same(
    begun: Path, done: Path, tmp_path: Path
) -> None:
    folder = copy(begun, tmp_path / "run")
    first = []
    # The time is over after the first step.
    assert not go_on(folder, 1e-6, lambda *told: first.append(told))
    if not first:
        assert not go_on(folder, 0.01, lambda *told: first.append(told))
    assert len(first) == 1
    assert go_on(folder, FOREVER, lambda *told: None)
    for stage in STAGES:
        one, other = (result_weights(f / stage) for f in (folder, done))
        assert one and other and one.read_bytes() == other.read_bytes()
    assert sum(each.tokens for each in costs(folder)) == sum(
        each.tokens for each in costs(done)
    )


def test_test_time_training_leaves_everything_else_alone(done: Path) -> None:
    """What is trained last is only what switching it on brings in."""
    before = load_file(release(done, done / "whole") / "model.safetensors")
    language = load_file(done / f"after-{REVIEW}" / "model.safetensors")
    changed = {
        name
        for name, array in before.items()
        if array.tobytes() != language[name].tobytes()
    }
    assert changed and all(name.startswith("metacognition.") for name in changed)


@pytest.mark.parametrize("stage", SHARES)
def test_some_stages_go_a_part_of_the_way(stage: str, done: Path) -> None:
    name, after = "model.safetensors", STAGES[STAGES.index(stage) + 1]
    before, made = (load_file(done / f"before-{s}" / name) for s in (stage, after))
    learnt = load_file(str(result_weights(done / stage)))
    for name, array in learnt.items():
        between = (1 - SHARES[stage]) * before[name] + SHARES[stage] * array
        # What is released, before and after, has 8 bits of a number.
        scale = np.abs(before[name]).max()
        np.testing.assert_allclose(
            made[name], between, rtol=1 / 256, atol=scale / 256, err_msg=name
        )
    assert any(np.any(before[name] != learnt[name]) for name in learnt)


def test_the_result_is_evaluated_and_described(
    done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result, "subjects", lambda: SMALL)
    told = []
    made = finish(done, lambda kind, score: told.append((kind, score)), count=2)
    assert made == done / NAME
    assert {kind for kind, _ in told} == {"sets", "others", "ttt"}
    card = (made / "README.md").read_text()
    stored = json.loads((done / EVALUATION).read_text())
    for score in stored["sets"]:
        right = sum(each["right"] for each in score["answered"])
        assert f"| {score['subject']} | {right} of 2 ({right / 2:.1%}) |" in card
    assert "random weights" in card
    convert(made / "model.safetensors", done / "again")
    assert load_tokenizer(done / "again").vocab_size == SHAPE["vocab_size"]


@pytest.mark.reference
def test_the_reference_loads_the_result(done: Path, tmp_path: Path) -> None:
    path = release(done, tmp_path) / "model.safetensors"
    with safe_open(path, "numpy") as file:
        config = json.loads(file.metadata()["genesis_config_json"])
    dtypes = {"bfloat16": "BF16", "int64": "I64"}
    tensors = {
        name: Stored(dtypes[str(array.dtype)], list(array.shape), array.tobytes())
        for name, array in load_file(path).items()
    }
    reference = Reference(config, tensors, as_stored=True)
    assert reference.logits([1, 2, 3]).shape == (3, SHAPE["vocab_size"])


@pytest.mark.slow
def test_two_processes_train_as_one(begun: Path, done: Path, tmp_path: Path) -> None:
    """Each step's loss is the same to rounding."""
    folder = copy(begun, tmp_path / "run", processes=2)
    assert go_on(folder, FOREVER, lambda *told: None)
    one, other = (
        load_file(release(f, tmp_path / f.name) / "model.safetensors")
        for f in (done, folder)
    )
    for name, array in one.items():
        difference = abs(array.astype("float32") - other[name].astype("float32"))
        assert difference.max() < 1e-2, name


def test_a_folder_holds_one_run(begun: Path) -> None:
    with pytest.raises(UsageError, match="--resume"):
        begin(begun, PLAN)


def test_there_must_be_a_run_to_go_on_with(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--resume"):
        go_on(tmp_path, FOREVER, lambda *told: None)


def test_nothing_is_released_before_the_first_checkpoint(
    begun: Path, tmp_path: Path
) -> None:
    with pytest.raises(GenesisChatError, match="no checkpoint yet"):
        release(begun, tmp_path)


def test_a_process_that_fails_says_why(begun: Path, tmp_path: Path) -> None:
    folder = copy(begun, tmp_path / "run")
    (folder / f"before-{LANGUAGE}" / "tokenizer.model").write_bytes(b"no tokenizer")
    with pytest.raises(GenesisChatError, match=r"tokenizer\.model"):
        go_on(folder, FOREVER, lambda *told: None)
