"""One small model, in a folder that both backends load."""

from pathlib import Path

import pytest
from checkpoints import checkpoint_tensors, small_config
from running import build
from running_cpu import load_cpu

from backends import genesis_cpu, genesis_mlx


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, genesis_mlx.Model]:
    """A folder with a model in it, and the model."""
    folder = tmp_path_factory.mktemp("small")
    config = small_config(use_selective_activation=False)
    return folder, build(config, checkpoint_tensors(config), folder)


@pytest.fixture(scope="session")
def model_folder(built: tuple[Path, genesis_mlx.Model]) -> Path:
    """Where the model is, in `model`."""
    return built[0]


@pytest.fixture(scope="session")
def mlx_model(built: tuple[Path, genesis_mlx.Model]) -> genesis_mlx.Model:
    """All mixers, no selective mask, a context of 128; never changed by a test."""
    return built[1]


@pytest.fixture(scope="session")
def model(model_folder: Path) -> genesis_cpu.Model:
    """The same model in the CPU backend."""
    return load_cpu(model_folder / "model")
