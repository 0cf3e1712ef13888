"""Larger command buffers on a Mac, unless somebody says how large they are."""

import os
import sys
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from backends.mlx_base.command_buffers import (
    LARGE,
    VARIABLE,
    use_large_command_buffers,
)
from backends.mlx_base.device import bytes_per_second
from genesis_chat.bench import speed
from genesis_chat.bench.task import Task
from genesis_chat.cli.bench_show import show

OPS, MEGABYTES = LARGE


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    for name in (*LARGE, VARIABLE):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_they_are_large_on_a_mac() -> None:
    use_large_command_buffers()
    assert {name: os.environ.get(name) for name in LARGE} == LARGE


def test_what_is_said_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OPS, "7")
    use_large_command_buffers()
    assert os.environ[OPS] == "7" and os.environ[MEGABYTES] == LARGE[MEGABYTES]


def test_mlx_may_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "mlx")
    use_large_command_buffers()
    assert not LARGE.keys() & os.environ.keys()


def test_elsewhere_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    use_large_command_buffers()
    assert not LARGE.keys() & os.environ.keys()


def figures(device: str) -> dict[str, Any]:
    median = {"median": 10.0, "low": 9.0, "high": 11.0}
    row = {
        "prompt_tokens": 16,
        "seconds_to_first_token": median,
        "prefill_tokens_per_second": median,
        "decode_tokens_per_second": median,
    }
    return {
        "backend": "mlx",
        "dtype": "bfloat16",
        "device": device,
        "warnings": [],
        "weight_bytes": 1,
        "start_seconds": 1.0,
        "prompts": [row],
        "peak_memory_bytes": 2,
        "streaming_limit_tokens_per_second": 3.0,
        "decode_growth": None,
        "against": {},
    }


@pytest.mark.parametrize("device", ["Metal", "CPU"])
def test_bench_measures_both_on_metal(
    device: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    asked: list[object] = []

    def answer(module: str, task: Task, environment: object = None) -> dict[str, Any]:
        asked.append(environment)
        return figures(device)

    monkeypatch.setattr(speed, "in_new_process", answer)
    found = speed.measure(Task(str(tmp_path), "mlx", None, (16,), 2, 1))
    show(found, found)
    told = "command buffers as MLX makes them" in capsys.readouterr().out
    if device == "Metal":
        assert asked == [None, {VARIABLE: "mlx"}] and told
        assert found["usual_command_buffers"] == found["prompts"]
    else:
        assert asked == [None] and not told


def test_the_memory_is_measured_by_the_device() -> None:
    before = mx.get_active_memory()
    assert bytes_per_second() > 0
    assert mx.get_active_memory() <= before
