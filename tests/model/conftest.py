"""Small models shared by the tests of the backend."""

from pathlib import Path

import pytest
from checkpoints import checkpoint_tensors, small_config
from running import build

from backends.genesis_mlx import Model


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Model]:
    """A folder with a model in it, and the model."""
    folder = tmp_path_factory.mktemp("small")
    config = small_config(use_selective_activation=False)
    return folder, build(config, checkpoint_tensors(config), folder)


@pytest.fixture(scope="session")
def model_folder(built: tuple[Path, Model]) -> Path:
    """Where `model` is, in `model`."""
    return built[0]


@pytest.fixture(scope="session")
def model(built: tuple[Path, Model]) -> Model:
    """All mixers, no selective mask, a context of 128; never changed by a test."""
    return built[1]
