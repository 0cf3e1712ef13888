"""Paths into the Hub's cache of what is no whole model of another family."""

import shutil
from pathlib import Path

import pytest
from adapted import install_adapter
from hub_folders import cache_model

from converters.hub_cache import CachedRepository
from genesis_chat.errors import ModelError
from genesis_chat.models import BUILTIN, choose, ensure_builtin, find
from genesis_chat.models.adapters import forget

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


def test_a_cache_that_may_not_be_read(
    hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    repository = cache_model(hub, ID, tmp_path / "folder").parent.parent

    def refused(self: CachedRepository, name: str) -> str:
        raise PermissionError(13, "Permission denied", str(self.folder / "refs"))

    monkeypatch.setattr(CachedRepository, "_named_by", refused)
    with pytest.raises(ModelError, match=r"in the Hub's cache cannot be read: .*Perm"):
        choose(repository)


def test_an_adapter_in_a_cache_is_fused_where_it_is_deleted_again(
    hub: Path,
    private_home: Path,
    converted_once: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GENESIS_CHAT_CACHE", str(tmp_path / "cache"))
    (private_home / "models").mkdir()
    shutil.copytree(converted_once, private_home / "models" / BUILTIN)
    lights = find(install_adapter(ensure_builtin()).name)
    model = choose(cache_model(hub, ID, lights.directory))
    fused = tmp_path / "cache" / "adapters"
    assert (model.name, model.problem) == (ID, None)
    assert [*fused.iterdir()] == [model.directory]
    # As when it is trained again.
    forget(ID)
    assert not [*fused.iterdir()]
