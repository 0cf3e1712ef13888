"""Fixtures of the converter tests. Nothing here may open a connection."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from checkpoints import (
    Stored,
    checkpoint_tensors,
    small_config,
    write_checkpoint,
    write_small_neox,
)

from converters import Manifest, Tokenizer, convert
from converters.tokenization import check_tokenizer


@pytest.fixture(scope="session")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    write_small_neox(path)
    return path


@pytest.fixture(scope="session")
def config() -> dict[str, Any]:
    return small_config()


@pytest.fixture(scope="session")
def tensors(config: dict[str, Any]) -> dict[str, Stored]:
    return checkpoint_tensors(config, buffers=True)


@pytest.fixture
def checkpoint(
    tmp_path: Path, config: dict[str, Any], tensors: dict[str, Stored]
) -> Path:
    return write_checkpoint(tmp_path / "small.safetensors", config, tensors)


@pytest.fixture(scope="session")
def assets() -> Path:
    """The built-in model's checkpoint and tokenizer."""
    path = Path(str(files("assets"))) / "genesis-nano"
    if not (path / "model.safetensors").exists():
        pytest.skip("the built-in model is not in this checkout")
    return path


@pytest.fixture(scope="session")
def neox(tokenizer_file: Path) -> Tokenizer:
    return check_tokenizer("tokenizer.json", tokenizer_file.read_bytes())


@pytest.fixture(scope="session")
def pieces(assets: Path) -> Tokenizer:
    return check_tokenizer("m", (assets / "tokenizer.model").read_bytes())


@pytest.fixture
def converted(checkpoint: Path, tmp_path: Path, tokenizer_file: Path) -> Manifest:
    return convert(checkpoint, tmp_path / "models" / "small", tokenizer=tokenizer_file)
