"""Fixtures of batches."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def prepared(home: Path) -> None:
    """The built-in model is there."""


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"
