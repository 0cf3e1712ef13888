"""Processes that train together are watched, and end together."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from genesis_chat.errors import GenesisChatError
from genesis_chat.training.builtin import processes
from genesis_chat.training.builtin.processes import train_together

WORKER = """
import json, os, sys, time
rank = int(os.environ.get("MLX_RANK", "0"))
print(json.dumps({"loss": 2.5, "rank": rank, "pid": os.getpid()}), flush=True)
ends = os.environ["ENDS"].split()[rank]
if ends == "never":
    time.sleep(600)
if ends == "badly":
    sys.exit("Something. Went wrong.")
print(json.dumps({"reason": "finished", "arguments": sys.argv[1:]}), flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run whose workers do as they are told."""
    (tmp_path / "worker_of_test.py").write_text(WORKER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(processes, "WORKER", "worker_of_test")
    monkeypatch.setattr(processes, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(processes, "PATIENCE_SECONDS", 2)
    return tmp_path


def trained(folder: Path, count: int, told: list[dict[str, Any]]) -> dict[str, Any]:
    return train_together(folder, "language", 60, count, resume=True, told=told.append)


def test_the_first_one_tells(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENDS", "well well")
    monkeypatch.setattr(processes, "PATIENCE_SECONDS", 60)
    told: list[dict[str, Any]] = []
    found = trained(folder, 2, told)
    arguments = [str(folder), "language", "60", "--resume"]
    assert found == {"reason": "finished", "arguments": arguments}
    assert [each["rank"] for each in told] == [0]
    assert not (folder / "hosts.json").exists()


@pytest.mark.parametrize(
    ("ends", "failed", "why"),
    [
        ("badly never", 0, "Something. Went wrong"),
        ("never badly", 1, "Something. Went wrong"),
        ("well never", 1, "it ended with code 1"),
    ],
)
def test_one_that_fails_ends_all(
    ends: str, failed: int, why: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENDS", ends)
    told: list[dict[str, Any]] = []
    with pytest.raises(GenesisChatError) as raised:
        trained(folder, 2, told)
    assert str(raised.value) == (
        f"A process that trains failed: {why}. All it said is in "
        f"{folder / f'process-{failed}.log'}; go on with --resume."
    )
    with pytest.raises(ProcessLookupError):
        os.kill(told[0]["pid"], 0)
    assert not (folder / "hosts.json").exists()


def test_each_of_several_has_a_place_of_its_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENDS", "badly never")
    places: list[Any] = []

    def read(step: dict[str, Any]) -> None:
        places.extend(json.loads((folder / "hosts.json").read_text()))

    with pytest.raises(GenesisChatError):
        train_together(folder, "ttt", 60, 2, resume=False, told=read)
    assert len({place for (place,) in places}) == 2
    assert all(place.startswith("127.0.0.1:") for (place,) in places)
