"""Fixtures of the engine's tests: both of its carriers with the built-in model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from loaded import loaded

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


@pytest.fixture(params=["local", "worker"])
def engine(request: pytest.FixtureRequest, genesis: Genesis, tmp_path: Path) -> Engine:
    """An engine with states on disk, in either carrier."""
    if request.param == "worker":
        found: WorkerEngine = request.getfixturevalue("worker")
        return found
    return LocalEngine(loaded(genesis), Snapshots(tmp_path / "snapshots"))
