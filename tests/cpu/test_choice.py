"""The CPU backend through the command line, the engines and the interface."""

import io
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from loaded import loaded
from terminal import call, run
from tolerances import LOGITS, max_difference
from turns import GREEDY, finished

from backends.mlx_base.device import on_metal
from genesis_chat import Genesis
from genesis_chat.cli.main import run as run_arguments
from genesis_chat.engine import (
    LocalEngine,
    MixerReadings,
    Request,
    WorkerEngine,
)
from genesis_chat.engine.backend import choose_backend
from genesis_chat.errors import UsageError
from genesis_chat.model_choice import ModelChoice
from genesis_chat.models import ensure_builtin
from genesis_chat.paths import SNAPSHOTS

FRANCE, PARIS = "What is the capital of France?", "The capital of France is Paris."
BOB = "My name is Bob."
TURNS = (BOB, "What is my name?", FRANCE)


@pytest.fixture
def run_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Run the command line in this process; its output."""

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
        assert run_arguments(list(arguments)) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return run


def test_a_backend_is_chosen_by_name_and_dtype() -> None:
    assert choose_backend("auto").name == ("mlx" if on_metal() else "cpu")
    assert choose_backend("auto", "int8").name == "cpu"
    assert choose_backend("cpu", "float32").name == "cpu"
    assert choose_backend("mlx", "bfloat16").name == "mlx"
    for name, dtype in (("mlx", "int8"), ("cpu", "bfloat16")):
        with pytest.raises(UsageError, match="--backend"):
            choose_backend(name, dtype)  # from a table


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_the_command_line_answers_with_it(
    private_home: Path, compiled: None, dtype: str
) -> None:
    options = ("--temp", "0", "--backend", "cpu", "--dtype", dtype)
    result = run("ask", *options, FRANCE)
    assert (result.code, result.out.strip()) == (0, PARIS), result.err


def test_what_it_cannot_do_is_one_sentence(private_home: Path, compiled: None) -> None:
    result = call("ask", "--backend", "cpu", "--dtype", "bfloat16", FRANCE)
    assert result.code == 2 and "--backend mlx" in result.err, result.err
    assert call("ask", "--backend", "gpu", FRANCE).code == 2


def test_conversations_go_from_one_backend_to_the_other_and_back(
    private_home: Path, run_here: Callable[..., str]
) -> None:
    """`ask -c` on the other backend goes on from the first one's state."""
    told: dict[tuple[str, ...], list[list[int]]] = {}
    for order in (("mlx", "mlx", "mlx"), ("mlx", "cpu", "mlx"), ("cpu", "mlx", "cpu")):
        shutil.rmtree(private_home / SNAPSHOTS, ignore_errors=True)
        told[order] = []
        for turn, name in enumerate(order):
            options: tuple[str, ...] = (
                "--temp",
                "0",
                "--repetition-penalty",
                "1",
                "--json",
            )
            if turn:
                options = ("-c", *options)
            exact = ("--backend", name, "--dtype", "float32")
            reply = json.loads(run_here("ask", *options, *exact, TURNS[turn]))
            told[order].append(reply["token_ids"])
            if turn:
                assert reply["prefilled_tokens"] < reply["prompt_tokens"] / 2
    first, *others = told.values()
    assert all(each == first for each in others)


def test_doctor_tells_what_the_settings_lead_to(run_here: Callable[..., str]) -> None:
    for key, value, told in (
        ("dtype", "int8", "cpu (int8 runs on it only)"),
        ("dtype", "float16", "mlx (float16 runs on it only)"),
        ("backend", "mlx", "mlx (asked for)"),
    ):
        run_here("config", "set", key, value)
        found = json.loads(run_here("doctor", "--json"))["findings"]
        device = {f["name"]: f["value"] for f in found if f["section"] == "device"}
        assert device["backend"] == told
        assert device["default dtype"] == ("int8" if value == "int8" else "float16")


def test_the_mixers_report_as_with_mlx(private_home: Path) -> None:
    told: list[list[MixerReadings]] = []
    for name in ("mlx", "cpu"):
        engine = LocalEngine(loaded(Genesis.load(backend=name, dtype="float32")))
        events = engine.reply(Request(BOB, replace(GREEDY, ttt=True), readings=True))
        told.append([e for e in events if isinstance(e, MixerReadings)])
    assert len(told[0]) == len(told[1]) > 3
    for theirs, ours in zip(*told, strict=True):
        for key, value in vars(theirs).items():
            # The built-in model's surprise goes into the hundreds.
            scale = max(1.0, float(np.abs(value).max()))
            assert max_difference(vars(ours)[key], value) <= LOGITS * scale, key


def test_a_worker_runs_it(private_home: Path, compiled: None) -> None:
    found = ensure_builtin()
    choice = ModelChoice(dtype="int8", backend="cpu")
    engine = WorkerEngine(found.directory, found.name, found.sha256, choice=choice)
    try:
        assert (engine.model.backend, engine.model.dtype) == ("cpu", "int8")
        settings = replace(GREEDY, max_tokens=30)
        assert finished(engine.reply(Request(FRANCE, settings, ""))).text
    finally:
        engine.close()
