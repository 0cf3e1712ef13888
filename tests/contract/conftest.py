"""One small model, loaded by every backend that runs its family."""

from pathlib import Path

import pytest
from checkpoints import checkpoint_tensors, small_config
from running import build

from backends.contract import LanguageModel
from backends.registry import Entry, entries_for
from genesis_chat.paths import compiled_directory


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All mixers, no selective mask, a context of 128."""
    config = small_config(use_selective_activation=False)
    folder = tmp_path_factory.mktemp("small")
    build(config, checkpoint_tensors(config), folder)
    return folder / "model"


@pytest.fixture(scope="session", params=entries_for(), ids=lambda entry: entry.name)
def entry(request: pytest.FixtureRequest) -> Entry:
    """Every backend of Genesis in turn."""
    entry: Entry = request.param
    return entry


@pytest.fixture(scope="session")
def model(entry: Entry, directory: Path) -> LanguageModel:
    """The model in it, in float32."""
    return entry.backend().load(
        directory, dtype="float32", compiled=compiled_directory()
    )
