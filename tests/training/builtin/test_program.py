"""What the built-in model says of this program is true."""

import re

import click
import pytest

from genesis_chat.cli.main import cli
from genesis_chat.training.builtin.conversation import plain
from genesis_chat.training.builtin.lists.program import MATTERS, Matter
from genesis_chat.training.builtin.subjects import program
from genesis_chat.tui.actions import ACTIONS, key_name

KEY = re.compile(r"\b(?:(?:Ctrl|Alt|Shift)\+\w+|F\d+)")
COMMAND = re.compile(r"`(genesis-chat[^`]*)`")
REPLIES = [program.filled(each.reply) for each in MATTERS]
COMMANDS = sorted({c for reply in REPLIES for c in COMMAND.findall(reply)})


def test_keys_are_those_of_the_actions() -> None:
    keys = {key_name(key) for each in ACTIONS for key in each.keys}
    typed = {key.replace("↑", "Up").replace("↓", "Down") for key in keys}
    found = {key for reply in REPLIES for key in KEY.findall(reply)}
    assert len(found) > 15
    assert found <= typed


def test_slash_commands_are_those_of_the_actions() -> None:
    commands = {f"/{name}" for each in ACTIONS for name in each.slash}
    found = {word for reply in REPLIES for word in re.findall(r"/[a-z]+", reply)}
    assert len(found) > 10
    assert found <= commands


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_and_their_options_exist(command: str) -> None:
    here: click.Command = cli
    for word in command.split()[1:]:
        if word.startswith("-"):
            options = [name for each in here.params for name in each.opts]
            assert word in options
        else:
            assert isinstance(here, click.Group)
            assert word in here.commands
            here = here.commands[word]


@pytest.mark.parametrize("matter", MATTERS, ids=lambda each: each.phrases[0])
def test_enough_wordings_are_trained_and_held_out(matter: Matter) -> None:
    split = next(split for each, split in program._matters() if each is matter)
    assert len(split.training) >= 12
    assert len(split.held_out) >= 4


@pytest.mark.parametrize("matter", MATTERS, ids=lambda each: each.phrases[0])
def test_what_is_needed_stands_in_the_reply(matter: Matter) -> None:
    reply = program.filled(matter.reply).casefold()
    assert any(
        program.filled(each).casefold() in reply for each in matter.needed or ("",)
    )


def test_no_question_has_two_answers() -> None:
    of: dict[str, Matter] = {}
    for each, _ in program._matters():
        for asked in each.asked():
            assert of.setdefault(plain(asked), each) is each, asked


def test_replies_are_short() -> None:
    for reply in REPLIES:
        assert len(reply) < 90
        assert len(re.findall(r"[.;](?: |$)", reply)) <= 3


def test_another_key_is_taught_when_the_table_has_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(program, "first_key", lambda id, changed: f"<{id}>")
    assert program.filled("Press {chat.search}.") == "Press <chat.search>."
