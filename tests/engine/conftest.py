"""Fixtures of the engine's tests: both of its carriers with the built-in model."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loaded import loaded
from scripted_replies import Scripted
from slow import slow

from genesis_chat import Genesis
from genesis_chat.engine import Engine, LocalEngine, Snapshots, WorkerEngine


@pytest.fixture(scope="session")
def builtin(converted_once: Path) -> Path:
    """The converted built-in model's directory."""
    return converted_once


@pytest.fixture
def worker(builtin: Path, genesis: Genesis, tmp_path: Path) -> Iterator[WorkerEngine]:
    """The built-in model in a process of its own."""
    snapshots = Snapshots(tmp_path / "snapshots")
    engine = WorkerEngine(
        builtin, "builtin", sha256=genesis.model.sha256, snapshots=snapshots
    )
    yield engine
    engine.close()


@pytest.fixture(params=["local", slow("worker")])
def engine(request: pytest.FixtureRequest, genesis: Genesis, tmp_path: Path) -> Engine:
    """An engine with states on disk, in either carrier."""
    if request.param == "worker":
        found: WorkerEngine = request.getfixturevalue("worker")
        return found
    return LocalEngine(loaded(genesis), Snapshots(tmp_path / "snapshots"))


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Callable[..., Scripted]]:
    """Models with a chat template that say what they are told to."""
    made: list[Scripted] = []

    def make(template: str, *replies: str) -> Scripted:
        made.append(Scripted(tmp_path / f"model-{len(made)}", template, *replies))
        return made[-1]

    yield make
    for each in made:
        each.format.close()
