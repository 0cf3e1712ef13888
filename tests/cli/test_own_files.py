"""A person's own files: settings and prompts as they lie on real disks."""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from terminal import Result, call, run
from waiting import PATIENCE_SECONDS

from genesis_chat.errors import ConfigError


@pytest.fixture
def dotfiles(tmp_path: Path) -> Path:
    folder = tmp_path / "dotfiles"
    folder.mkdir()
    return folder


def test_settings_that_are_a_link_stay_one(home: Path, dotfiles: Path) -> None:
    target = dotfiles / "genesis.toml"
    target.write_text("# mine\ntop_k = 5\n")
    target.chmod(0o644)
    middle = dotfiles / "link.toml"
    middle.symlink_to("genesis.toml")
    (home / "config.toml").symlink_to(middle)
    assert call("config", "set", "top_k", "7").code == 0
    assert call("config", "unset", "top_k").code == 0
    assert call("config", "set", "top_p", "0.5").code == 0
    assert (home / "config.toml").is_symlink() and middle.is_symlink()
    assert target.read_text() == "# mine\ntop_p = 0.5\n"
    assert target.stat().st_mode & 0o777 == 0o644
    assert sorted(p.name for p in dotfiles.iterdir()) == ["genesis.toml", "link.toml"]


def test_a_link_to_nothing_is_filled_and_a_circle_is_told(
    home: Path, dotfiles: Path
) -> None:
    file = home / "config.toml"
    file.symlink_to(dotfiles / "new.toml")
    assert call("config", "set", "top_k", "7").code == 0
    assert file.is_symlink() and (dotfiles / "new.toml").read_text() == "top_k = 7\n"
    file.unlink()
    file.symlink_to(file)
    found = call("config", "set", "top_k", "7")
    assert found.code == ConfigError.exit_code and str(file) in found.err
    assert file.is_symlink()


def test_prompts_that_are_links_stay_ones(home: Path, dotfiles: Path) -> None:
    (dotfiles / "sea.md").write_text("Sea.\n")
    (home / "prompts").mkdir()
    link = home / "prompts" / "sea.md"
    link.symlink_to(dotfiles / "sea.md")
    editor = dotfiles / "editor"
    editor.write_text('#!/bin/sh\necho "Ocean." > "$1"\n')
    editor.chmod(0o755)
    env = {"EDITOR": str(editor), "VISUAL": str(editor)}
    assert call("prompts", "edit", "sea", env=env).code == 0
    assert link.is_symlink() and (dotfiles / "sea.md").read_text() == "Ocean.\n"
    assert call("prompts", "remove", "sea").code == 0
    assert not link.is_symlink() and (dotfiles / "sea.md").exists()


def test_one_bad_prompt_hides_none(home: Path) -> None:
    folder = home / "prompts"
    folder.mkdir()
    (folder / "good.md").write_text("Good.")
    (folder / "latin.md").write_bytes("Réponds en français.".encode("latin-1"))
    (folder / "binary.md").write_bytes(b"\0\1\2")
    (folder / "huge.md").write_bytes(b"x" * ((1 << 20) + 1))
    (folder / "folder.md").mkdir()
    (folder / "gone.md").symlink_to(folder / "nothing")
    os.mkfifo(folder / "pipe.md")
    (folder / "._good.md").write_bytes(b"\0\5\x16\7")
    bad = ("latin", "binary", "huge", "folder", "gone", "pipe")
    found = call("prompts", "list")
    assert found.code == 0 and "* good" in found.out and "  teacher" in found.out
    assert not any(f" {name} " in found.out for name in bad)
    assert all(f"{name}.md" in found.err for name in bad)
    assert "byte 1" in found.err and "UTF-8" in found.err
    rows = json.loads(call("prompts", "list", "--json").out)
    assert {"good", "teacher"} <= {row["name"] for row in rows}
    assert call("prompts", "show", "good").out == "Good.\n"
    assert call("ask", "-n", "-t", "good", "hello").code == 0
    for name in bad:
        found = call("prompts", "show", name)
        assert found.code == 1 and f"{name}.md" in found.err
        assert found.err.count("\n") == 1


def test_other_ends_of_lines_are_ends_of_lines(home: Path) -> None:
    (home / "prompts").mkdir()
    (home / "prompts" / "sea.md").write_bytes(b"Speak.\rSing.\r\nEnd.\r")
    assert call("prompts", "show", "sea").out == "Speak.\nSing.\nEnd.\n"


def test_a_space_that_indents_a_prompt_stays(home: Path) -> None:
    text = "\u3000日本語で答えて。\u00a0"
    assert call("prompts", "add", "ja", stdin=f"\n {text}\r\n").code == 0
    found = json.loads(call("prompts", "show", "ja", "--json").out)
    assert found["text"] == text
    assert call("prompts", "add", "blank", stdin="\u3000\n").code == 2


def test_a_value_that_is_no_text_is_refused(home: Path) -> None:
    (home / "config.toml").write_text("top_k = 5\n")
    refused = call("config", "set", "system", "caf\udce9")
    assert refused.code == 2 and refused.err.count("\n") == 1
    assert "not valid text" in refused.err
    assert (home / "config.toml").read_text() == "top_k = 5\n"


def in_time(action: Callable[[], Result]) -> Result:
    """What an action finds; a hang fails the test instead of stopping all."""
    found: list[Result] = []
    thread = threading.Thread(target=lambda: found.append(action()), daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    assert found
    return found[0]


def test_settings_that_are_a_pipe_do_not_hang(home: Path) -> None:
    os.mkfifo(home / "config.toml")
    found = in_time(lambda: run("config", "get", "top_k"))
    assert found.code == 1 and "no ordinary file" in found.err
