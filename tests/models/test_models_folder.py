"""The models' folder: names in any case, other processes, folders that cannot be."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal import call

import converters
from converters import ConversionError, Manifest, read_manifest, verify
from genesis_chat.errors import ModelError, UsageError
from genesis_chat.models import (
    choose,
    default_name,
    ensure_builtin,
    find,
    install,
    installed,
    open_directory,
    remove,
    set_default,
)


@pytest.mark.parametrize("name", ["builtin", "BuiltIn", "default", "DEFAULT"])
def test_refused_names_say_how_to_give_another(name: str, nano: Path) -> None:
    with pytest.raises(UsageError, match="--name"):
        install(str(nano), name)


@pytest.mark.parametrize("name", ["Mine", "MINE", "Builtin", "Default"])
def test_names_are_found_in_their_own_case_only(
    name: str, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the file system has every case for the same name."""
    really = Path.is_dir

    def is_dir(path: Path) -> bool:
        return really(path) or really(path.with_name(path.name.lower()))

    monkeypatch.setattr(Path, "is_dir", is_dir)
    with pytest.raises(ModelError, match="Installed: mine, builtin"):
        find(name)
    with pytest.raises(ModelError, match="Installed: mine, builtin"):
        choose(name)
    (mine.parent / "default").write_text(f"{name}\n")
    assert default_name() == "mine"


def test_a_folder_like_the_builtin_one_is_no_installed_model(mine: Path) -> None:
    mine.rename(mine.with_name("Builtin"))
    assert installed() == []


def test_a_model_is_found_while_it_is_replaced(mine: Path) -> None:
    """Between the two renames it is waited for."""
    from filelock import FileLock

    aside = mine.with_name(".mine.genesis-replaced")
    lock = FileLock(mine.with_name(".mine.genesis-lock"), thread_local=False)
    lock.acquire()
    mine.rename(aside)

    def finish() -> None:
        aside.rename(mine)
        lock.release()

    timer = threading.Timer(0.3, finish)
    timer.start()
    try:
        assert find("mine").problem is None
    finally:
        timer.join()
    assert default_name() == "mine"


def test_a_model_is_found_though_a_listing_missed_it(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read between the two renames, which are over before anything is looked at."""
    really = Path.iterdir

    def read_in_that_moment(path: Path) -> Iterator[Path]:
        monkeypatch.setattr(Path, "iterdir", really)
        return iter(())

    monkeypatch.setattr(Path, "iterdir", read_in_that_moment)
    assert find("mine").problem is None


def test_a_model_replaced_while_it_is_looked_at(
    mine: Path, nano: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest of the old one says nothing about the files of the new one."""

    def read_and_replace(directory: Path) -> Manifest:
        manifest = read_manifest(directory)
        monkeypatch.setattr(converters, "read_manifest", read_manifest)
        install(str(nano / "model.safetensors"), "mine", quantize=4, replace=True)
        return manifest

    monkeypatch.setattr(converters, "read_manifest", read_and_replace)
    model = open_directory(mine)
    assert model.problem is None
    assert model.manifest is not None and model.manifest.quantization == 4


def test_the_default_is_put_back_before_another_is_taken(
    mine: Path, nano: Path
) -> None:
    """Killed between the two renames of a replacement, the default stays it."""
    install(str(nano / "model.safetensors"), "other")
    set_default("other")
    other = mine.with_name("other")
    other.rename(other.with_name(".other.genesis-replaced"))
    assert default_name() == "other"


def test_size_of_a_model_that_is_going_away(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = find("mine")
    assert model.bytes == sum(path.stat().st_size for path in mine.iterdir())
    (mine / "gone").symlink_to("nowhere")
    assert model.bytes > 0
    remove("mine")
    assert model.bytes == 0


def test_default_file_that_is_a_folder(mine: Path) -> None:
    file = mine.with_name("default")
    file.unlink()
    file.mkdir()
    with pytest.raises(ModelError, match="is a folder; remove it"):
        set_default("mine")
    assert sorted(os.listdir(mine.parent)) == ["default", "mine"]


@pytest.mark.parametrize("kind", ["file", "long"])
def test_data_folder_that_cannot_be(
    kind: str, nano: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / ("file" if kind == "file" else "x" * 300)
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("GENESIS_CHAT_HOME", str(home))
    for action in (
        choose,
        default_name,
        installed,
        ensure_builtin,
        lambda: set_default("builtin"),
        lambda: find("x"),
        lambda: remove("x"),
        lambda: install(str(nano), "x"),
    ):
        with pytest.raises(ModelError, match=r"GENESIS_CHAT_HOME|cannot be read"):
            action()


def test_data_folder_that_may_not_be_written(
    nano: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the superuser gets this where the disk is read-only."""

    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied", "/secret/place")

    monkeypatch.setattr(os, "mkdir", refuse)
    for action in (
        ensure_builtin,
        lambda: set_default("builtin"),
        lambda: install(str(nano), "x"),
    ):
        with pytest.raises(ModelError, match=r"denied; set GENESIS_CHAT_HOME") as error:
            action()
        assert "Errno" not in str(error.value)


def test_home_of_a_user_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENESIS_CHAT_HOME", "~nosuchuser/x")
    with pytest.raises(UsageError, match="GENESIS_CHAT_HOME"):
        choose()


@pytest.mark.parametrize(
    "choice", ["~nosuchuser/x", "./" + "x" * 300, "./a\0b", Path("a\udcff")]
)
def test_paths_that_lead_nowhere(choice: str | Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        choose(choice)


def test_a_file_can_be_named_where_there_are_several(
    nano: Path, tmp_path: Path, private_home: Path
) -> None:
    source = tmp_path / "several"
    source.mkdir()
    for file in ("model.safetensors", "tokenizer.model"):
        (source / file).write_bytes((nano / file).read_bytes())
    (source / "other.safetensors").write_bytes(b"nothing")
    for command in ("convert", "pull"):
        said = call("models", command, source)
        assert said.code == 1 and "--file" in said.err
        options = ("--file", "model.safetensors", "--name", command)
        assert call("models", command, source, *options).code == 0
        assert verify(private_home / "models" / command) == []
    out = ("--output", tmp_path / "out")
    assert (
        call("models", "convert", source, "--file", "model.safetensors", *out).code == 0
    )
    assert find("convert").manifest is not None


def test_a_file_of_a_file_is_refused(nano: Path) -> None:
    source = str(nano / "model.safetensors")
    with pytest.raises(ModelError, match="leave --file away"):
        install(source, "x", file="other.safetensors")
    from converters import resolve_source

    with pytest.raises(ConversionError, match="leave --file away"):
        resolve_source(source, file="model.safetensors")
