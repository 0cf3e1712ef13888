"""Fixtures of the tests of the whole program and of the modules at its root."""

from pathlib import Path

import pytest
from offline import go_offline


@pytest.fixture(autouse=True)
def prepared(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The built-in model is there, and nobody asks the Hub, not even in vain."""
    go_offline(monkeypatch)
