"""One small model, in a folder that both backends load."""

from pathlib import Path

import pytest
from checkpoints import checkpoint_tensors, small_config
from running import build
from running_cpu import load_cpu

from backends import genesis_cpu, genesis_mlx


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("small")


@pytest.fixture(scope="session")
def mlx_model(model_folder: Path) -> genesis_mlx.Model:
    """All mixers, no selective mask, a context of 128; never changed by a test."""
    config = small_config(use_selective_activation=False)
    return build(config, checkpoint_tensors(config), model_folder)


@pytest.fixture(scope="session")
def model(model_folder: Path, mlx_model: genesis_mlx.Model) -> genesis_cpu.Model:
    """The same model in the CPU backend."""
    return load_cpu(model_folder / "model")
