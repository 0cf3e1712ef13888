"""Fixtures of batches."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def prepared(home: Path) -> None:
    """The built-in model is there."""
