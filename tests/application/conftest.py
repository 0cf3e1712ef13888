"""Fixtures of the application's tests: the built-in model at hand, no network."""

import io
import shutil
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from offline import go_offline

from converters import convert
from genesis_chat import Genesis
from genesis_chat.cli.main import run as run_arguments


@pytest.fixture(scope="session")
def assets() -> Path:
    """The built-in model's checkpoint and tokenizer."""
    return Path(str(files("assets"))) / "genesis-nano"


@pytest.fixture(scope="session")
def converted_once(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in model, converted. Not to be changed."""
    directory = tmp_path_factory.mktemp("converted") / "builtin"
    convert(assets / "model.safetensors", directory, name="builtin")
    return directory


@pytest.fixture(autouse=True)
def home(private_home: Path, converted_once: Path, compiled: None) -> Path:
    """The data directory, in which the built-in model has been prepared."""
    shutil.copytree(converted_once, private_home / "models" / "builtin")
    return private_home


@pytest.fixture
def empty_home(home: Path) -> Path:
    """The data directory before the first use."""
    shutil.rmtree(home / "models")
    return home


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks the Hub here, not even in vain."""
    go_offline(monkeypatch)


@pytest.fixture(scope="session")
def genesis(converted_once: Path) -> Genesis:
    """The built-in model, loaded once. Its sessions share nothing."""
    return Genesis.load(converted_once)


@pytest.fixture
def run_here(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the command line in this process, where parts can be replaced."""

    def run(*arguments: str, stdin: bytes | io.BytesIO = b"") -> int:
        buffer = io.BytesIO(stdin) if isinstance(stdin, bytes) else stdin
        stream = io.TextIOWrapper(buffer, encoding="utf-8")
        monkeypatch.setattr(sys, "stdin", stream)
        return run_arguments(list(arguments))

    return run
