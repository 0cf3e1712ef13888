"""Paths into the Hub's cache of what is no whole model of another family."""

from pathlib import Path

import pytest
from hub_folders import cache_model

from genesis_chat.models import choose

ID = "me/genesis-mlx"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return tmp_path / "hf" / "hub"


def test_genesis_by_the_librarys_converter(hub: Path, tmp_path: Path) -> None:
    """It has an index and no manifest, as in a folder outside of a cache."""
    folder = tmp_path / "genesis"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "genesis"}')
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {}}')
    (folder / "model.safetensors").write_bytes(b"weights")
    snapshot = cache_model(hub, ID, folder)
    for path in (snapshot, snapshot.parent.parent):
        model = choose(path)
        assert (model.name, model.problem, model.cached) == (ID, None, True)
        assert model.directory == snapshot
    outside = choose(folder)
    assert (outside.name, outside.problem, outside.cached) == ("genesis", None, False)
