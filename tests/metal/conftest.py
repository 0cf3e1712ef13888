"""Fixtures of the kernels' tests."""

from pathlib import Path

import pytest

from backends.genesis_mlx import Model, load
from backends.mlx_base.kernels import choice
from genesis_chat.models import ensure_builtin


@pytest.fixture(autouse=True)
def nothing_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that fails in one test is used, and tried, in the next."""
    monkeypatch.setattr(choice, "_replaced", {})


@pytest.fixture(scope="session")
def builtin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The converted built-in model's directory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENESIS_CHAT_HOME", str(tmp_path_factory.mktemp("builtin")))
        return ensure_builtin().directory


@pytest.fixture(scope="session")
def model(builtin: Path) -> Model:
    """The built-in model in float32."""
    return load(builtin, dtype="float32")
