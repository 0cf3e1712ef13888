"""Models are loaded when they are asked for, and so many stay."""

import shutil
from pathlib import Path

import pytest

from genesis_chat.errors import ModelError
from genesis_chat.model_choice import ModelChoice
from genesis_chat.serve.models import Models


@pytest.fixture
def other(home: Path, converted_once: Path) -> str:
    """A second model, installed beside the built-in one."""
    shutil.copytree(converted_once, home / "models" / "other")
    return "other"


@pytest.mark.parametrize("limit", [1, 2])
def test_no_more_than_may_are_loaded(limit: int, other: str) -> None:
    models = Models(ModelChoice("builtin"), limit)
    try:
        first = models.open_default()
        known = models.engine(None)
        assert models.engine("builtin") is known and first.model.name == "builtin"
        assert models.engine(other) is models.engine(other) is not known
        assert (models.engine(None) is known) is (limit == 2)
    finally:
        models.close()


def test_the_least_recently_used_one_leaves(
    other: str, home: Path, converted_once: Path
) -> None:
    shutil.copytree(converted_once, home / "models" / "third")
    models = Models(ModelChoice("builtin"), 2)
    try:
        models.open_default()
        second = models.engine(other)
        known = models.engine("builtin")
        models.engine("third")
        assert models.engine("builtin") is known
        assert models.engine(other) is not second
    finally:
        models.close()


def test_one_that_is_missing_does_no_harm(other: str) -> None:
    models = Models(ModelChoice("builtin"), 1)
    try:
        models.open_default()
        with pytest.raises(ModelError, match="nowhere"):
            models.engine("nowhere")
        assert models.engine(other) and models.engine(None)
    finally:
        models.close()
