"""Named system prompts: some built in, others a person's own files."""

import json
import os
import stat
from pathlib import Path

import pytest
from terminal import call


def listed() -> dict[str, dict[str, object]]:
    rows = json.loads(call("prompts", "list", "--json").out)
    return {row["name"]: row for row in rows}


def test_some_good_ones_are_built_in(home: Path) -> None:
    found = listed()
    assert len(found) >= 5
    assert all(row["builtin"] and row["text"] for row in found.values())
    for name in found:
        assert call("prompts", "show", name).out.strip() == found[name]["text"]


def test_add_use_change_and_remove(home: Path) -> None:
    assert call("prompts", "add", "sea", "You", "speak", "of", "the", "sea.").code == 0
    file = home / "prompts" / "sea.md"
    assert file.read_text() == "You speak of the sea.\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert listed()["sea"] == {
        "name": "sea",
        "text": "You speak of the sea.",
        "builtin": False,
    }
    by_name = json.loads(call("ask", "-t", "sea", "hello", "--json").out)
    by_text = json.loads(
        call("ask", "-s", "You speak of the sea.", "hello", "--json").out
    )
    assert by_name["prompt_tokens"] == by_text["prompt_tokens"]
    shown = json.loads(call("history", "show", by_name["conversation"], "--json").out)
    assert shown["system"] == "You speak of the sea."
    assert call("prompts", "remove", "sea").code == 0
    assert "sea" not in listed()


def test_text_from_a_file_or_standard_input(home: Path, tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("From a file.\n")
    assert call("prompts", "add", "one", "-f", tmp_path / "p.txt").code == 0
    assert call("prompts", "add", "two", stdin="Two\nlines.\n").code == 0
    assert call("prompts", "show", "one").out == "From a file.\n"
    assert call("prompts", "show", "two").out == "Two\nlines.\n"


def editor(folder: Path, script: str) -> dict[str, str]:
    program = folder / "editor"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"EDITOR": str(program), "VISUAL": str(program)}


def test_a_built_in_one_that_is_edited_becomes_yours(
    home: Path, tmp_path: Path
) -> None:
    before = listed()["brief"]["text"]
    env = editor(tmp_path, 'echo "Say less." > "$1"')
    assert call("prompts", "edit", "brief", env=env).code == 0
    assert listed()["brief"] == {"name": "brief", "text": "Say less.", "builtin": False}
    assert "built-in" in call("prompts", "remove", "brief").err
    assert listed()["brief"]["text"] == before
    assert call("prompts", "remove", "brief").code == 1


@pytest.mark.parametrize("script", ["exit 0", "exit 1", 'echo "broken" > "$1"; exit 1'])
def test_an_editor_that_changes_nothing_or_fails(
    script: str, home: Path, tmp_path: Path
) -> None:
    call("prompts", "add", "mine", "Mine.")
    call("prompts", "edit", "mine", env=editor(tmp_path, script))
    assert call("prompts", "show", "mine").out == "Mine.\n"
    assert os.listdir(home / "prompts") == ["mine.md"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("show", "none"), 1, "Prompts: brief"),
        (("add", "brief"), 2, "empty"),
        (("add", "../up", "x"), 2, "name"),
        (("add", "UPPER", "x"), 2, "name"),
        (("add", ".hidden", "x"), 2, "name"),
        (("add", "one", "x", "-f", "y"), 2, "cannot be used together"),
        (("add", "one", "-f", "missing.txt"), 2, "missing.txt"),
        (("remove", "none"), 1, "Prompts: brief"),
        (("remove", "brief"), 1, "cannot be removed"),
    ],
)
def test_what_cannot_be_is_refused(
    arguments: tuple[str, ...], code: int, words: str, home: Path
) -> None:
    result = call("prompts", *arguments)
    assert (result.code, result.out) == (code, "")
    assert words in result.err
    assert not list(home.glob("prompts/*"))


def test_a_name_that_is_taken(home: Path) -> None:
    call("prompts", "add", "mine", "One.")
    result = call("prompts", "add", "mine", "Two.")
    assert result.code == 1 and "edit" in result.err
    assert call("prompts", "show", "mine").out == "One.\n"


def test_template_with_other_options(home: Path) -> None:
    assert call("ask", "-t", "brief", "-s", "x", "hello").code == 2
    call("ask", "hello")
    assert call("ask", "-c", "-t", "brief", "hello").code == 2
    assert call("ask", "-t", "none", "hello").code == 1


def test_doctor_finds_what_is_wrong(home: Path) -> None:
    call("ask", "hello")
    result = call("doctor", "--json")
    found = json.loads(result.out)
    assert result.code == 0 and found["ok"]
    sections = {row["section"] for row in found["findings"]}
    assert sections >= {"platform", "device", "sqlite", "history", "models", "disk"}
    home.chmod(0o755)
    result = call("doctor")
    assert result.code == 1 and f"chmod 700 {home}" in result.out
    home.chmod(0o700)
    history = home / "history.sqlite3"
    data = bytearray(history.read_bytes())
    at = data.rindex(b"hello")
    data[at : at + 5] = b"hullo"
    history.write_bytes(data)
    result = call("doctor", "--json")
    findings = json.loads(result.out)["findings"]
    assert result.code == 1
    assert any(row["problem"] for row in findings if row["section"] == "history")
