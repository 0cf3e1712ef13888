"""Fixtures of the tests of the models' folder. Nothing here may open a connection."""

import socket
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from genesis_chat.models import install


@pytest.fixture(autouse=True)
def no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection here, nor from the programs that tests start."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def refuse(self: socket.socket, address: Any) -> None:
        raise AssertionError(f"a connection to {address} was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="session")
def nano() -> Path:
    """The folder of the built-in model's checkpoint and tokenizer."""
    return Path(str(files("assets"))) / "genesis-nano"


@pytest.fixture
def mine(private_home: Path, nano: Path) -> Path:
    """The directory of an installed model called "mine"."""
    return install(str(nano / "model.safetensors"), "mine").directory
