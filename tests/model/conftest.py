"""Small models shared by the tests of the backend."""

from pathlib import Path

import pytest
from checkpoints import checkpoint_tensors, small_config
from running import build

from backends.genesis_mlx import Model


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("small")


@pytest.fixture(scope="session")
def model(model_folder: Path) -> Model:
    """All mixers, no selective mask, a context of 128; never changed by a test."""
    config = small_config(use_selective_activation=False)
    return build(config, checkpoint_tensors(config), model_folder)
