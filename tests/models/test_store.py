"""The folder of models: names, defaults, several processes, damaged folders."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from genesis_chat.errors import ModelError, UsageError
from genesis_chat.models import (
    BUILTIN,
    choose,
    default_name,
    ensure_builtin,
    find,
    install,
    installed,
    remove,
    set_default,
    suggested_name,
)


@pytest.fixture
def small(home: Path, assets: Path) -> Path:
    return install(str(assets / "model.safetensors"), "small").directory


@pytest.mark.parametrize(
    "name", ["builtin", "Builtin", "BUILTIN", "default", "Default"]
)
def test_reserved_names_are_refused_in_any_case(
    name: str, home: Path, assets: Path
) -> None:
    with pytest.raises(UsageError, match="choose another name"):
        install(str(assets), name, replace=True)
    assert installed() == []
    assert ensure_builtin().problem is None


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("some/Builtin", "builtin-model"),
        ("default.safetensors", "default-model"),
        ("guiferrarib/genesis-152m-instruct", "genesis-152m-instruct"),
        ("owner/name@main", "name"),
        ("...", "model"),
        ("/weird/ünï cödé!.safetensors", "n--c-d"),
    ],
)
def test_suggested_names_can_be_used(source: str, name: str) -> None:
    assert suggested_name(source) == name


def test_names_that_differ_by_case_only_are_refused(small: Path, assets: Path) -> None:
    """Where the file system does not tell them apart, one would replace the other."""
    for replace in (False, True):
        with pytest.raises(ModelError, match="'small' is installed"):
            install(str(assets), "SMALL", replace=replace)
    assert [model.name for model in installed()] == ["small"]


def test_processes_that_start_together_prepare_the_builtin_once(
    empty_home: Path,
) -> None:
    command = [sys.executable, "-m", "genesis_chat", "Hello!", "--temp", "0"]
    processes = [
        subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        for _ in range(4)
    ]
    said = [process.communicate(timeout=120)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert sum("Preparing" in text for text in said) == 1


def test_a_replacement_killed_half_way_is_put_right(small: Path) -> None:
    """Between its two renames only the old model is left, under another name."""
    small.rename(small.with_name(".small.genesis-replaced"))
    assert find("small").problem is None
    small.rename(small.with_name(".small.genesis-replaced"))
    assert [model.name for model in installed()] == ["small"]


def test_removing_a_linked_model_leaves_the_model(small: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    small.rename(moved)
    small.symlink_to(moved)
    assert find("small").problem is None
    remove("small")
    assert (moved / "manifest.json").exists()
    assert not os.path.lexists(small)
    assert [path.name for path in small.parent.iterdir()] == ["builtin", "default"]


@pytest.mark.parametrize("damage", ["bytes", "folder", "path", "long"])
def test_a_damaged_default_file(damage: str, small: Path) -> None:
    file = small.parent / "default"
    file.unlink()
    if damage == "folder":
        file.mkdir()
    else:
        content = {"bytes": b"\xff\xfe", "path": b"../..", "long": b"x" * 5000}
        file.write_bytes(content[damage])
    if damage in ("path", "long"):
        assert default_name() == "small"
        return
    with pytest.raises(ModelError, match=r"default.*remove it"):
        default_name()


def test_a_home_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("GENESIS_CHAT_HOME", str(tmp_path / "file"))
    for action in (ensure_builtin, lambda: set_default(BUILTIN), lambda: find("x")):
        with pytest.raises(ModelError, match="file"):
            action()
    assert (tmp_path / "file").read_text() == "mine"


def test_a_path_is_chosen_however_it_is_given(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(small.parent)
    monkeypatch.setenv("HOME", str(small.parent))
    for choice in (Path("small"), "./small", "~/small", str(small)):
        assert choose(choice).directory.resolve() == small.resolve()
    with pytest.raises(ModelError, match="does not exist"):
        choose(Path("absent"))
