"""A person's own defaults: typed, kept with their comments, never written over."""

import json
import os
import stat
from pathlib import Path

import pytest
from terminal import call

from genesis_chat import Genesis
from genesis_chat.config import KEYS


def settings_of(*arguments: str) -> dict[str, object]:
    result = call("ask", "hello", "-n", "--json", *arguments)
    assert result.code == 0, result.err
    found: dict[str, object] = json.loads(result.out)["settings"]
    return found


def test_what_is_set_holds_and_options_go_before(home: Path) -> None:
    assert call("config", "set", "temperature", "0.25").code == 0
    assert call("config", "set", "max_tokens", "7").code == 0
    found = settings_of()
    assert (found["temperature"], found["max_tokens"]) == (0.25, 7)
    assert settings_of("--temp", "0")["temperature"] == 0
    assert call("config", "unset", "temperature").code == 0
    assert settings_of()["temperature"] == 0.7
    assert call("config", "get", "max_tokens").out == "7\n"


def test_auto_is_what_the_model_declares(home: Path) -> None:
    assert call("config", "set", "repetition_penalty", "1.5").code == 0
    assert settings_of()["repetition_penalty"] == 1.5
    assert settings_of("--repetition-penalty", "auto")["repetition_penalty"] == 1.05
    said = call("config", "set", "repetition_penalty", "auto")
    assert "repetition_penalty is now auto." in said.err
    assert (home / "config.toml").read_text() == 'repetition_penalty = "auto"\n'
    assert settings_of()["repetition_penalty"] == 1.05


def test_a_theme_there_is_can_be_set(home: Path) -> None:
    assert call("config", "set", "theme", "nord").code == 0
    assert call("config", "get", "theme").out == "nord\n"


def test_a_key_for_no_action_is_refused(home: Path) -> None:
    for name, hint in (
        ("chat.searches", "did you mean 'chat.search'?"),
        ("x", "there"),
    ):
        found = call("config", "set", f"keys.{name}", "ctrl+l")
        assert found.code == 2 and found.out == ""
        assert f"Unknown action {name!r};" in found.err and hint in found.err
    assert not (home / "config.toml").exists()


def test_comments_stay_and_the_file_is_private(home: Path) -> None:
    file = home / "config.toml"
    file.write_text("# mine\ntop_k = 5 # few\n\n[keys]\n'chat.new' = 'ctrl+k'\n")
    assert call("config", "set", "top_p", "0.5").code == 0
    assert call("config", "set", "keys.chat.search", "ctrl+l").code == 0
    text = file.read_text()
    assert "# mine" in text and "# few" in text
    assert json.loads(call("config", "get", "keys", "--json").out) == {
        "chat.new": "ctrl+k",
        "chat.search": "ctrl+l",
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert call("config", "path").out.strip() == str(file)


def test_the_list_says_where_values_come_from(home: Path) -> None:
    call("config", "set", "ttt", "yes")
    rows = {r["name"]: r for r in json.loads(call("config", "list", "--json").out)}
    assert rows.keys() == KEYS.keys()
    assert (rows["ttt"]["value"], rows["ttt"]["from"]) == (True, "file")
    assert rows["top_k"]["from"] == "default"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("temp_erature", "1", "temperature"),
        ("zzz", "1", "Settings: max_tokens"),
        ("temperature", "hot", "number"),
        ("temperature", "hot", "or auto"),
        ("temperature", "-3", "at least 0"),
        ("top_p", "1.5", "at most 1"),
        ("max_tokens", "0", "at least 1"),
        ("max_tokens", "2.5", "whole number"),
        ("ttt", "perhaps", "true or false"),
        ("dtype", "int3", "float32"),
        ("theme", "nosuch", "nord"),
        ("theme", "", "textual-dark"),
        ("keys", "x", "ACTION"),
        ("temperature.x", "1", "temperature.x"),
    ],
)
def test_what_cannot_be_set_is_refused(
    name: str, value: str, words: str, home: Path
) -> None:
    result = call("config", "set", name, value)
    assert (result.code, result.out) == (2, "")
    assert words in result.err and result.err.count("\n") == 1
    assert not (home / "config.toml").exists()


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("top_k = [", 1, "cannot be read"),
        ("\xff", 1, "cannot be read"),
        ("top_q = 3\n", 2, "top_p"),
        ("top_k = 'many'\n", 2, "whole number"),
        ("top_k = true\n", 2, "whole number"),
        ("ttt = 1\n", 2, "true or false"),
        ("keys = {x = 1}\n", 2, "table"),
    ],
)
def test_a_damaged_file_is_named_and_left_alone(
    text: str, code: int, words: str, home: Path
) -> None:
    file = home / "config.toml"
    file.write_bytes(text.encode("latin-1"))
    for command in (("ask", "x"), ("config", "set", "top_k", "3"), ("config", "list")):
        result = call(*command)
        assert (result.code, result.out) == (code, "")
        assert str(file) in result.err and words in result.err
    assert file.read_bytes() == text.encode("latin-1")
    assert "settings" in call("doctor").out and call("doctor").code == 1


def test_log_and_system_prompt(home: Path) -> None:
    call("config", "set", "log", "false")
    reply = json.loads(call("ask", "hello", "--json").out)
    assert reply["conversation"] is None
    assert json.loads(call("ask", "hello", "--json", "--log").out)["conversation"]
    plain = reply["prompt_tokens"]
    call("config", "set", "system", "You are a pirate who speaks of the sea.")
    assert json.loads(call("ask", "hello", "--json").out)["prompt_tokens"] != plain
    given = call("ask", "hello", "--json", "-s", "You are a helpful assistant.")
    assert json.loads(given.out)["prompt_tokens"] == plain


def test_python_does_not_depend_on_it(home: Path, genesis: Genesis) -> None:
    call("config", "set", "temperature", "0.1")
    assert genesis.reply("hello").settings.temperature == 0.7


def test_a_folder_that_cannot_be_written(home: Path) -> None:
    if os.geteuid() == 0:
        (home / "config.toml").mkdir()
    else:
        home.chmod(0o500)
    try:
        result = call("config", "set", "top_k", "3")
        assert result.code == 1 and str(home / "config.toml") in result.err
    finally:
        home.chmod(0o700)
