"""One server with the built-in model, for all tests that do not end it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from server import Server, serving


@pytest.fixture(scope="session")
def prepared(
    converted_once: Path, compiled: None, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A data directory with the built-in model, for servers that change nothing."""
    home = tmp_path_factory.mktemp("serve")
    shutil.copytree(converted_once, home / "models" / "builtin")
    return home


@pytest.fixture(autouse=True)
def with_model(home: Path) -> None:
    """The built-in model is there."""


@pytest.fixture(scope="session")
def server(prepared: Path) -> Iterator[Server]:
    """A running server with room for four in its queue."""
    with serving("--queue", "4", home=prepared) as found:
        yield found
