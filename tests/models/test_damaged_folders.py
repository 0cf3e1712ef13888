"""Folders and caches that hold no model that can be used, and why."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from families import write_chat_model
from hub_folders import COMMIT, cache_model
from terminal import call

from genesis_chat.errors import ModelError
from genesis_chat.models import choose

ID = "Some-Org/Tiny.Model--v0.1"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in mlx-lm's format with a tokenizer."""
    pytest.importorskip("mlx_lm")
    return write_chat_model(tmp_path_factory.mktemp("tiny") / "tiny", "llama")


def write(name: str, data: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(data)


def weights_as(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "model.safetensors").rename(folder / name)


def emptied(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def without_type(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    del config["model_type"]
    (folder / "config.json").write_text(json.dumps(config))


FOLDERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no configuration": (
        lambda folder: (folder / "config.json").unlink(),
        "has model.safetensors and no config.json; convert the file",
    ),
    "a page": (write("config.json", b"<html>"), "config.json is a web page"),
    "an answer": (
        write("config.json", b'{"error": "Entry not found"}'),
        "config.json holds only a server's answer",
    ),
    "nothing": (write("config.json", b""), "config.json is empty"),
    "a list": (write("config.json", b"[]"), "config.json does not describe a model"),
    "half": (write("config.json", b'{"model_type":'), "config.json is not valid JSON"),
    "no type": (without_type, "it has no model_type"),
    "a pickle": (
        weights_as("pytorch_model.bin"),
        r"has no model\*.safetensors, only pytorch_model.bin",
    ),
    "no weights": (weights_as("weights.data"), r"has no model\*.safetensors; get"),
    "no tokenizer": (
        lambda folder: (folder / "tokenizer.json").unlink(),
        "has no tokenizer.json; get the model again",
    ),
    "half an index": (
        write("model.safetensors.index.json", b'{"weight_map":'),
        "model.safetensors.index.json in .+ is damaged; get the model again",
    ),
    "an empty folder": (
        emptied,
        "manifest.json is missing, so this is no converted model",
    ),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_a_folder_tells_what_it_lacks(case: str, tiny: Path, tmp_path: Path) -> None:
    change, told = FOLDERS[case]
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    change(folder)
    before = sorted(path.name for path in folder.iterdir())
    problem = choose(folder).problem
    assert (problem and problem.startswith(str(folder))) or "index" in case
    with pytest.raises(ModelError, match=told):
        raise ModelError(problem)
    found = call("ask", "-n", "-m", folder, "hi")
    assert (found.code, found.out, found.err) == (1, "", f"Error: {problem}\n")
    assert sorted(path.name for path in folder.iterdir()) == before


def test_paths_that_are_no_folders(tiny: Path, tmp_path: Path) -> None:
    weights = tmp_path / "some model.safetensors"
    weights.write_bytes(b"")
    for path, told in {
        tmp_path / "nothing": "does not exist; a model is given by its name or",
        tmp_path / "notes.txt": "is not a directory; a model is given by",
        weights: f"convert the file with: genesis-chat models convert '{weights}'",
    }.items():
        if path.suffix == ".txt":
            path.write_text("x")
        with pytest.raises(ModelError) as caught:
            choose(path)
        assert told in str(caught.value)


@pytest.fixture
def snapshot(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In a cache of the Hub."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return cache_model(tmp_path / "hf" / "hub", ID, tiny)


def test_a_path_in_a_cache_is_named_after_its_repository(
    snapshot: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(snapshot)
    for path in (snapshot, snapshot.parent, snapshot.parent.parent, link):
        model = choose(path)
        assert (model.name, model.problem, model.cached) == (ID, None, True)
        assert model.directory.name == COMMIT
    assert call("models", "verify", snapshot).err == f"{ID} is intact.\n"
    assert choose(ID).directory == snapshot


@pytest.mark.parametrize("ref", [b"", b"\xff\xfe\0", b"../../../..", b"f" * 40, b"/"])
def test_a_branch_that_leads_nowhere(ref: bytes, snapshot: Path) -> None:
    """The newest commit that is there counts, and nothing outside is looked at."""
    main = snapshot.parent.parent / "refs" / "main"
    main.write_bytes(ref)
    assert choose(ID).directory == snapshot
    main.unlink()
    main.mkdir()
    assert choose(ID).directory == snapshot


def test_a_cache_without_what_is_asked_for(snapshot: Path) -> None:
    with pytest.raises(ModelError) as caught:
        choose(f"{ID}@deadbeef")
    assert str(caught.value) == (
        f"{ID} is in the Hub's cache, but not at deadbeef; download it with: "
        f"genesis-chat models pull {ID}@deadbeef"
    )
    blob = (snapshot / "model.safetensors").resolve()
    blob.rename(blob.with_name(f"{blob.name}.incomplete"))
    problem = choose(ID).problem
    assert problem and problem.endswith(
        f"lacks its model.safetensors; fetch it with: genesis-chat models pull {ID}"
    )
    shutil.rmtree(snapshot)
    with pytest.raises(ModelError, match=r"holds no snapshot of .+; download it again"):
        choose(ID)
