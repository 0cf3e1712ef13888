"""One server with the built-in model, for all tests that do not end it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from server import Server, serving

from genesis_chat.models import ensure_builtin


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, compiled: None) -> Path:
    """A data directory with the built-in model. Not to be changed."""
    home = tmp_path_factory.mktemp("serving")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENESIS_CHAT_HOME", str(home))
        ensure_builtin()
    return home


@pytest.fixture(autouse=True)
def home(private_home: Path, prepared: Path) -> Path:
    """The test's own data directory, with the built-in model."""
    shutil.copytree(prepared / "models", private_home / "models")
    return private_home


@pytest.fixture(scope="session")
def server(prepared: Path) -> Iterator[Server]:
    """A running server with room for four in its queue."""
    with serving("--queue", "4", home=prepared) as found:
        yield found
