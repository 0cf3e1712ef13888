"""The destination: checked first, replaced whole, left alone on any failure."""

import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from converters import (
    ConversionError,
    DestinationExistsError,
    Manifest,
    convert,
    read_manifest,
    verify,
)
from converters.storage import (
    needs_recovery,
    recover_directories,
    remove_directory,
)


def test_existing_destination_is_refused(
    converted: Manifest, checkpoint: Path, tmp_path: Path, tokenizer_file: Path
) -> None:
    directory = tmp_path / "models" / "small"
    before = (directory / "manifest.json").stat()
    with pytest.raises(DestinationExistsError, match="already exists"):
        convert(checkpoint, directory, tokenizer=tokenizer_file)
    assert (directory / "manifest.json").stat() == before


def test_replacing(
    converted: Manifest, checkpoint: Path, tmp_path: Path, tokenizer_file: Path
) -> None:
    directory = tmp_path / "models" / "small"
    (directory / "left over").write_text("x")
    manifest = convert(
        checkpoint, directory, tokenizer=tokenizer_file, quantize=8, replace=True
    )
    assert read_manifest(directory) == manifest
    assert verify(directory) == []
    assert not (directory / "left over").exists()
    assert os.listdir(tmp_path / "models") == ["small"]


def test_failed_replacement_leaves_the_old_model(
    converted: Manifest, tmp_path: Path, tokenizer_file: Path
) -> None:
    directory = tmp_path / "models" / "small"
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"nothing")
    with pytest.raises(ConversionError):
        convert(bad, directory, tokenizer=tokenizer_file, replace=True)
    assert read_manifest(directory) == converted
    assert verify(directory) == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        ".",
        "..",
        ".hidden",
        "a\0b",
        "link",
        "file",
        "x/..",
        "x" * 250,
        "x" * 300,
    ],
)
def test_bad_destinations(
    name: str, tmp_path: Path, checkpoint: Path, tokenizer_file: Path
) -> None:
    (tmp_path / "secret").mkdir()
    os.symlink(tmp_path / "secret", tmp_path / "link")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "x").mkdir()
    before = sorted(tmp_path.rglob("*"))
    path = f"{tmp_path}/{name}" if name.strip() else name
    with pytest.raises(ConversionError):
        convert(checkpoint, Path(path) if path else path, tokenizer=tokenizer_file)
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "file").read_text() == "mine"


def test_interrupt_leaves_nothing(
    checkpoint: Path, tmp_path: Path, tokenizer_file: Path
) -> None:
    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "write" and done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(
            checkpoint,
            tmp_path / "new" / "models" / "out",
            tokenizer=tokenizer_file,
            progress=interrupt,
        )
    assert os.listdir(tmp_path) == [checkpoint.name]


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("kind", ["documents", "source", "above", "tokenizer", "other"])
def test_only_models_are_replaced(
    kind: str, checkpoint: Path, tmp_path: Path, tokenizer_file: Path, assets: Path
) -> None:
    """Never a folder of something else, nor one that holds what is converted."""
    folder = tmp_path / "mine" / "folder"
    (folder / "sub").mkdir(parents=True)
    source, tokenizer, destination = checkpoint, tokenizer_file, folder
    match kind:
        case "documents":
            (folder / "thesis.txt").write_text("years of work")
        case "source":
            source = Path(shutil.copy(checkpoint, folder / "model.safetensors"))
        case "above":
            source = Path(shutil.copy(checkpoint, folder / "sub" / "model.safetensors"))
            destination = tmp_path / "mine"
        case "tokenizer":
            shutil.rmtree(folder)
            convert(checkpoint, folder, tokenizer=tokenizer_file)
            tokenizer = folder / "tokenizer.json"
        case "other":
            shutil.copy(assets / "model.safetensors", folder)
            (folder / "manifest.json").write_text("{}")
    before = everything(tmp_path)
    with pytest.raises(ConversionError, match=r"choose another destination"):
        convert(source, destination, tokenizer=tokenizer, replace=True)
    assert everything(tmp_path) == before


def test_an_empty_directory_may_be_replaced(
    checkpoint: Path, tmp_path: Path, tokenizer_file: Path
) -> None:
    (tmp_path / "out").mkdir()
    convert(checkpoint, tmp_path / "out", tokenizer=tokenizer_file, replace=True)
    assert verify(tmp_path / "out") == []


def test_a_name_that_is_not_text_is_refused(
    checkpoint: Path, tmp_path: Path, tokenizer_file: Path
) -> None:
    """As Python gives a file name with a byte that is not UTF-8."""
    with pytest.raises(ConversionError, match="not a valid path"):
        convert(checkpoint, tmp_path / "a\udcff", tokenizer=tokenizer_file)
    assert os.listdir(tmp_path) == [checkpoint.name]
    odd = tmp_path / "b\udcff.safetensors"
    try:
        checkpoint.rename(odd)
    except OSError:
        pytest.skip("this file system takes only UTF-8")
    convert(odd, tmp_path / "out", tokenizer=tokenizer_file)
    assert read_manifest(tmp_path / "out").source.name == "b\ufffd.safetensors"


def test_removing(converted: Manifest, tmp_path: Path) -> None:
    models = tmp_path / "models"
    remove_directory(models / "small", waiting=lambda: None)
    assert os.listdir(models) == []
    with pytest.raises(ConversionError, match="small"):
        remove_directory(models / "small", waiting=lambda: None)


def test_removing_a_link_leaves_what_it_leads_to(
    converted: Manifest, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    (models / "link").symlink_to(models / "small")
    remove_directory(models / "link", waiting=lambda: None)
    assert os.listdir(models) == ["small"]
    assert verify(models / "small") == []


def test_nothing_half_deleted_is_put_back(
    converted: Manifest,
    checkpoint: Path,
    tmp_path: Path,
    tokenizer_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Stopped while it deletes the old model; then the new one is deleted by hand."""
    models = tmp_path / "models"
    really = shutil.rmtree

    def stop(path: Path, ignore_errors: bool = False) -> None:
        if (path / "model.safetensors").exists():
            (path / "model.safetensors").unlink()
            raise KeyboardInterrupt
        really(path, ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", stop)
    with pytest.raises(KeyboardInterrupt):
        convert(checkpoint, models / "small", tokenizer=tokenizer_file, replace=True)
    monkeypatch.undo()
    assert verify(models / "small") == []
    shutil.rmtree(models / "small")
    recover_directories(models)
    assert os.listdir(models) == []


def test_what_is_removed_is_not_put_back(converted: Manifest, tmp_path: Path) -> None:
    """By a replacement that was killed before it deleted the old model."""
    models = tmp_path / "models"
    shutil.copytree(models / "small", models / ".small.genesis-replaced")
    remove_directory(models / "small", waiting=lambda: None)
    recover_directories(models)
    assert os.listdir(models) == []


def test_home_of_a_user_nobody_knows(
    checkpoint: Path,
    tmp_path: Path,
    tokenizer_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConversionError, match="a user nobody knows"):
        convert(checkpoint, "~nosuchuser/out", tokenizer=tokenizer_file)
    assert os.listdir(tmp_path) == [checkpoint.name]


def test_giving_up_a_lock_leaves_the_next_one(tmp_path: Path) -> None:
    """The lock's file is removed while it is held, and must not be once more."""
    path = tmp_path / "lock"
    first, second = FileLock(path), FileLock(path)
    first.acquire()
    path.unlink()
    second.acquire(timeout=0)
    first.release()
    assert path.exists()
    with pytest.raises(Timeout):
        FileLock(path).acquire(timeout=0)
    second.release()


def test_what_killed_processes_left_is_put_right(
    converted: Manifest, tmp_path: Path
) -> None:
    """Killed between the two renames of a replacement, and while removing."""
    models = tmp_path / "models"
    assert not needs_recovery(models)
    (models / "small").rename(models / ".small.genesis-replaced")
    (models / ".small.genesis-partial").mkdir()
    (models / ".gone.genesis-removed").mkdir()
    (models / ".gone.genesis-removed" / "model.safetensors").write_text("x")
    assert needs_recovery(models)
    recover_directories(models)
    assert os.listdir(models) == ["small"]
    assert verify(models / "small") == []
