"""Fixtures of the command line's tests: the built-in model at hand, no network."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from offline import go_offline

from genesis_chat.cli.main import run as run_arguments


@pytest.fixture(autouse=True)
def prepared(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The built-in model is there, and nobody asks the Hub, not even in vain."""
    go_offline(monkeypatch)


@pytest.fixture
def run_here(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the command line in this process, where parts can be replaced."""

    def run(*arguments: str, stdin: bytes | io.BytesIO = b"") -> int:
        buffer = io.BytesIO(stdin) if isinstance(stdin, bytes) else stdin
        stream = io.TextIOWrapper(buffer, encoding="utf-8")
        monkeypatch.setattr(sys, "stdin", stream)
        return run_arguments(list(arguments))

    return run
