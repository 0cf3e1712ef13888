"""A history of a test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from genesis_chat.history import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "history.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path) as opened:
        yield opened
