"""The table of actions: what is made of it agrees with the widgets, and with itself."""

import re
import subprocess
import sys

import pytest
from textual.dom import DOMNode

from genesis_chat.tui.actions import (
    ACTIONS,
    Where,
    command,
    command_rows,
    hints,
    key_name,
    key_rows,
    unknown_keys,
)
from genesis_chat.tui.app import GenesisApp
from genesis_chat.tui.chat import ChatScreen
from genesis_chat.tui.chat_list.pane import ConversationList
from genesis_chat.tui.mixers import MixersPanel
from genesis_chat.tui.widgets.code import Fence
from genesis_chat.tui.widgets.composer import Composer
from genesis_chat.tui.widgets.message import MessageView

PLACES: dict[Where, type[DOMNode]] = {
    "application": GenesisApp,
    "chat": ChatScreen,
    "composer": Composer,
    "message": MessageView,
    "code": Fence,
    "list": ConversationList,
    "mixers": MixersPanel,
}
NOTATION = re.compile(r"((Ctrl|Alt|Shift)\+)*([A-Z]|F\d+|([A-Z][a-z]+)+|[↑↓←→/_\[\]?])")


def test_every_action_does_something_where_it_applies() -> None:
    namespaces = {"app": GenesisApp, "screen": ChatScreen}
    for each in ACTIONS:
        if not each.does or each.where == "dialog":
            continue
        name = each.does.partition("(")[0]
        place, dot, rest = name.rpartition(".")
        kind = namespaces[place] if dot else PLACES[each.where]
        assert callable(getattr(kind, f"action_{rest}", None)), each.id


def test_no_two_actions_share_a_key_or_a_command() -> None:
    for where in PLACES:
        both = ("application", "chat") if where in ("application", "chat") else (where,)
        keys = [key for a in ACTIONS if a.where in both for key in a.keys]
        assert len(keys) == len(set(keys)), where
    names = [name for a in ACTIONS for name in a.slash]
    assert len(names) == len(set(names))


def test_every_text_is_a_plain_line() -> None:
    for each in ACTIONS:
        assert each.text[0].isupper() and not each.text.endswith((".", "…")), each.id
        assert "..." not in each.text
        assert len(each.label) <= 18


def test_one_notation_of_keys() -> None:
    rows = [row for place in key_rows({}).values() for row in place]
    assert len(rows) > 40
    for row in rows:
        for key in row.left.split(" · "):
            assert NOTATION.fullmatch(key), row
    named = {
        "ctrl+f": "Ctrl+F",
        "f5": "F5",
        "escape": "Esc",
        "alt+up": "Alt+↑",
        "N": "Shift+N",
        "ctrl+underscore": "Ctrl+_",
        "pagedown": "PgDn",
    }
    assert {key: key_name(key) for key in named} == named


def test_keys_that_were_changed_are_listed() -> None:
    rows = key_rows({"chat.new": "f9,ctrl+k"})["Chat"]
    assert ("F9 · Ctrl+K", "Start a new chat") in rows
    rows = key_rows({}, enter_sends=False)["Writing"]
    writing = {text: keys for keys, text in rows}
    assert writing["Send the message"].startswith("Alt+Enter")


def test_hints_are_of_the_place_and_of_what_can_be_done() -> None:
    every = hints("message", {})
    assert ("C", "copy") in every and ("← →", "versions") in every
    some = hints("message", {"message.copy": "y"}, lambda a: a.id == "message.copy")
    assert some == [("Y", "copy")]


@pytest.mark.parametrize(
    ("text", "id", "rest"),
    [
        ("/set temperature 1", "chat.settings", "temperature 1"),
        ("/system a\nb", "chat.system", "a\nb"),
        ("/exit", "app.quit", ""),
        ("/new", "chat.new", ""),
        ("/", None, ""),
        ("/nothing at all", None, "at all"),
    ],
)
def test_commands_are_found(text: str, id: str | None, rest: str) -> None:
    found = command(text)
    assert found
    assert (found[0].id if found[0] else None, found[2]) == (id, rest)


@pytest.mark.parametrize("text", ["new", " /new", "/a/b", "//", "/* a */", "/3", ""])
def test_what_is_not_meant_as_a_command(text: str) -> None:
    assert command(text) is None


def test_every_command_is_listed_once() -> None:
    assert len(command_rows()) == sum(bool(a.slash) for a in ACTIONS)
    assert ("/set [NAME VALUE]") in [row.left for row in command_rows()]


def test_keys_for_no_action_are_told() -> None:
    told = list(unknown_keys({"chat.nw": "f9", "composer.send": "f8", "app.help": "a"}))
    assert len(told) == 2 and "did you mean 'chat.new'?" in told[0]


def test_the_table_needs_no_textual() -> None:
    code = "import sys, genesis_chat.tui.actions; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
