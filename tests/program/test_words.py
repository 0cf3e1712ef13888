"""What people read, in one wording: help, errors, notices and settings.

Texts are read from click's commands and, by their syntax, from the sources in `PARTS`.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from genesis_chat.cli.line_help import HELP
from genesis_chat.cli.main import cli
from genesis_chat.config import KEYS
from genesis_chat.text import counted
from genesis_chat.tui.actions import ACTIONS, key_name

ROOT = Path(__file__).parents[2]
# Files and folders of the product whose texts are held to this.
PARTS = (
    "genesis_chat/api.py",
    "genesis_chat/chat",
    "genesis_chat/cli",
    "genesis_chat/config",
    "genesis_chat/doctor.py",
    "genesis_chat/engine",
    "genesis_chat/history",
    "genesis_chat/models",
    "genesis_chat/paths.py",
    "genesis_chat/prompts",
    "genesis_chat/setting_table.py",
    "genesis_chat/settings.py",
    "genesis_chat/tui",
)
ERRORS = {
    "BadParameter",
    "ConfigError",
    "ContextFullError",
    "GenerationError",
    "HistoryError",
    "ModelError",
    "PromptError",
    "UsageError",
}

# Ctrl-C, ^C, ctrl+c, CTRL+C, <Enter>, and keys in small letters.
OTHER_KEYS = re.compile(
    r"\b(?:Ctrl|Alt|Shift|Strg)-\w|\^[A-Za-z]\b|\b(?:ctrl|alt|shift|CTRL|ALT)\+\w"
    r"|\bctrl\b|<(?:Enter|Esc|Tab)>|\bescape key\b|\bf(?:[1-9]|1[0-2])\b|\u23ce"
)
# Not where types and click's synopses have them: "Callable[...", "[ID]...".
DOTS = re.compile(r"(?<![\[\]])\.\.\.")
# A number before a plural that would say "1 conversations", and "conversation(s)".
COUNTED = re.compile(
    r"\x00 (?:oldest |newest |new )?(?:conversations|messages|exchanges|problems|models"
    r"|chats|files|replies|prompts|versions)\b|\w\(s\)"
)
MANY = {"[context full: the \x00 oldest exchanges were dropped]": "of two or more only"}
# What tells a person how to go on: what to do, or what may stand there instead.
STEP = re.compile(
    r"`[^`]+`|genesis-chat |--[a-z]|python -m pip|hf cache|\bmust be\b|\bmust end in\b"
    r"|\bmust have\b|did you mean|\bset [A-Z_]+|/[a-z]+\b"
    r"|\b(?:add|choose|check|continue|convert|copy|correct|divide|edit|export|fetch|free"
    r"|give|install|leave|move|name|pick|pull|put|regenerate|remove|rename|replace|run"
    r"|save|send|set|shorten|start|switch|try|unpack|update|use|write)\b",
    re.IGNORECASE,
)
# Sentences whose next step stands elsewhere, each with the reason.
WITHOUT_STEP = {
    "No model called \x00. Installed: \x00.": "the names are what to choose from",
    "No prompt is called \x00. Prompts: \x00.": "the names are what to choose from",
    "Unknown setting \x00. Settings: \x00.": "the names are what to choose from",
    "mlx-lm has no tool \x00; tools: \x00.": "the names are what to choose from",
    "Unknown setting \x00 in \x00. \x00": "the hint gives a name or all of them",
    "mlx-lm's \x00 failed: \x00": "the tool's own words, which we do not know",
    "The reply is finished; there is nothing to continue.": "nothing is to be done",
    "Only the last reply can be continued.": "it names the one that can be",
    "This conversation cannot be sent: \x00.": "the reason names what to change",
    "Unexpected \x00: \x00": "a fault of ours; the command line adds what to set",
    "There is no message \x00.": "an id that programs give, not people",
    "There is no message \x00 in this conversation.": "an id that programs give",
    "There is no conversation \x00.": "an id that programs give, not people",
    "\x00 is no message of conversation \x00.": "an id that programs give",
    "The built-in model cannot be prepared: \x00": "the converter's sentence follows",
    "\x00 in the Hub's cache cannot be read: \x00": "the reader's sentence follows",
}


class Said(NamedTuple):
    """A text with where it stands; NUL is in the place of what is put in."""

    where: str
    text: str


def sources() -> Iterator[Path]:
    for part in PARTS:
        path = ROOT / part
        yield from [path] if path.suffix else sorted(path.rglob("*.py"))


def text_of(node: ast.expr) -> str | None:
    """The text that an expression makes, if it begins as one."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "\0"
            for part in node.values
        )
    return None


def docstrings(tree: ast.AST) -> set[int]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, kinds) and node.body and isinstance(node.body[0], ast.Expr)
    }


@cache
def strings() -> tuple[Said, ...]:
    """Every text in the sources that is none of their docstrings."""
    found = []
    for path in sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        apart = docstrings(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                apart |= {id(part) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.expr) and id(node) not in apart:
                where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
                text = text_of(node)
                # A name, a pattern or a key of a table is no sentence.
                if text and (" " in text or "..." in text):
                    found.append(Said(where, text))
    return tuple(found)


@cache
def errors() -> tuple[Said, ...]:
    """What errors say that are made from a text."""
    found = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = ast.unparse(node.func).rsplit(".", 1)[-1]
            text = text_of(node.args[0]) if name in ERRORS else None
            # What is put together from other texts is looked at where they are made.
            if text and re.search(r"[a-z]", text) and not text.endswith("; \0."):
                found.append(Said(f"{path.relative_to(ROOT)}:{node.lineno}", text))
    return tuple(found)


def helps(command: click.Command, name: str) -> Iterator[Said]:
    """What the help of a command and of those under it says."""
    yield Said(name, " ".join((command.help or "", command.epilog or "")))
    for option in command.params:
        if isinstance(option, click.Option):
            yield Said(f"{name} {option.opts[-1]}", option.help or "")
    if isinstance(command, click.Group):
        for key, each in command.commands.items():
            yield from helps(each, f"{name} {key}")


HELPS = [*helps(cli, "genesis-chat"), Said("/help", HELP)]
SETTINGS = [Said(f"config {key.name}", key.help) for key in KEYS.values()]
TABLE = [Said(each.id, f"{each.label}. {each.text}") for each in ACTIONS]


def everything() -> list[Said]:
    return [*HELPS, *SETTINGS, *TABLE, *strings()]


def wrong(texts: list[Said], mistake: re.Pattern[str]) -> list[str]:
    return [f"{at}: {text}" for at, text in texts if mistake.search(text)]


def test_there_are_texts() -> None:
    assert len(HELPS) > 100 and len(strings()) > 500 and len(errors()) > 60


def test_every_command_and_option_has_help() -> None:
    assert [where for where, text in HELPS if not text.strip()] == []


def test_keys_have_one_notation() -> None:
    assert wrong(everything(), OTHER_KEYS) == []


def test_keys_of_the_table_are_named_alike() -> None:
    names = [key_name(key) for each in ACTIONS for key in each.keys]
    assert {"Ctrl+F", "F5", "Esc", "Alt+↑"} <= {*names}
    assert not [name for name in names if len(name) > 1 and OTHER_KEYS.search(name)]


def test_an_ellipsis_is_one_character() -> None:
    assert wrong(everything(), DOTS) == []


def test_plurals_are_right_for_one() -> None:
    texts = [each for each in everything() if each.text not in MANY]
    assert wrong(texts, COUNTED) == []


def test_an_error_says_what_to_do() -> None:
    without = [
        f"{where}: {text}"
        for where, text in errors()
        if not STEP.search(text) and text not in WITHOUT_STEP
    ]
    assert without == []


def test_no_exception_outlives_its_sentence() -> None:
    said = {text for _, text in (*errors(), *strings())}
    assert {*WITHOUT_STEP, *MANY} <= said


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("Ctrl-C stops a reply.", OTHER_KEYS),
        ("press ^f", OTHER_KEYS),
        ("more below: ctrl+end", OTHER_KEYS),
        ("f1 helps", OTHER_KEYS),
        ("Loading ...", DOTS),
        ("\0 conversations were imported.", COUNTED),
        ("Found 2 problem(s).", COUNTED),
    ],
)
def test_a_mistake_is_seen(text: str, mistake: re.Pattern[str]) -> None:
    assert mistake.search(text)


def test_a_sentence_without_a_step_is_seen() -> None:
    assert not STEP.search("The history is damaged.")
    assert STEP.search("The history is damaged; run `genesis-chat history check`.")


def test_numbers_agree_with_their_nouns() -> None:
    numbers = (0, 1, 2, 2000)
    assert [counted(n, "message") for n in numbers] == [
        "0 messages",
        "1 message",
        "2 messages",
        "2,000 messages",
    ]
