"""Fixtures of the tests of the models' folder. Nothing here may open a connection."""

from importlib.resources import files
from pathlib import Path

import pytest
from offline import go_offline

from genesis_chat.models import install


@pytest.fixture(autouse=True)
def no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks the Hub here, not even in vain."""
    go_offline(monkeypatch)


@pytest.fixture(scope="session")
def nano() -> Path:
    """The folder of the built-in model's checkpoint and tokenizer."""
    return Path(str(files("assets"))) / "genesis-nano"


@pytest.fixture
def mine(private_home: Path, nano: Path) -> Path:
    """The directory of an installed model called "mine"."""
    return install(str(nano / "model.safetensors"), "mine").directory
