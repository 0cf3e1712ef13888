"""Models of every family, made once for a process."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

pytest.importorskip("mlx_lm", reason="mlx-lm is not installed")

from families import write_model

from backends.mlx_family.backend import backend
from backends.mlx_family.language_model import LanguageModel

Opened = Callable[[str], LanguageModel]


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """A model of a family, loaded as any other."""
    folder = tmp_path_factory.mktemp("families")

    @cache
    def open_family(family: str) -> LanguageModel:
        found = backend.load(write_model(folder / family, family))
        assert isinstance(found, LanguageModel)
        return found

    return open_family


@pytest.fixture
def llama(tmp_path: Path) -> Path:
    """The folder of a small Llama, to be spoiled."""
    return write_model(tmp_path / "llama", "llama")
