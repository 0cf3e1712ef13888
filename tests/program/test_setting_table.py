"""One table of settings: the fields that hold them, and every place that asks."""

from dataclasses import fields
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click
import pytest
from terminal import call

from genesis_chat.cli.main import cli
from genesis_chat.completions.errors import ApiError
from genesis_chat.completions.parameters import Defaults, text_completion
from genesis_chat.config import Config
from genesis_chat.errors import UsageError
from genesis_chat.setting_table import REPLY_SETTINGS, SETTINGS, Setting, reply_setting
from genesis_chat.settings import GenerationSettings

REPLY, PROGRAM = GenerationSettings(), Config()


def kinds(hint: Any) -> set[Any]:
    """What a field can be, by its annotation."""
    if get_origin(hint) is Literal:
        return {str}
    found: set[Any] = set().union(*(kinds(each) for each in get_args(hint)))
    return (
        found if found and get_origin(hint) is not dict else {get_origin(hint) or hint}
    )


def test_table_and_fields_are_equal() -> None:
    assert list(REPLY_SETTINGS) == [each.name for each in fields(GenerationSettings)]
    names = {each.name for each in fields(Config)}
    assert {*SETTINGS} == names | {"seed"}
    for holder, table in ((GenerationSettings, REPLY_SETTINGS), (Config, SETTINGS)):
        for name, hint in get_type_hints(holder).items():
            assert kinds(hint) - {NoneType} == {table[name].kind}, name
    for name, hint in get_type_hints(GenerationSettings).items():
        setting, default = REPLY_SETTINGS[name], getattr(REPLY, name)
        assert (NoneType in kinds(hint)) == (setting.none is not None), name
        assert (
            setting.accepts(default) and setting.parse(setting.text(default)) == default
        )
        assert name == "seed" or getattr(PROGRAM, name) == default


def test_every_setting_of_a_reply_is_an_option_in_its_words() -> None:
    for command in ("ask", "chat"):
        options = {
            each.name: each
            for each in cli.commands[command].params
            if isinstance(each, click.Option)
        }
        for name, setting in REPLY_SETTINGS.items():
            said = options[name].help
            assert said and said.startswith(f"{setting.help}."), name
            assert f"--{name.replace('_', '-')}" in options[name].opts


def test_the_list_has_the_same_words(home: object) -> None:
    text = call("config", "list").out
    for name, setting in SETTINGS.items():
        assert name == "seed" or setting.help in text


WRONG = [
    ("max_tokens", 0),
    ("max_tokens", 1.5),
    ("max_tokens", True),
    ("max_tokens", 2**63),
    ("max_tokens", "7"),
    ("top_k", 10**30),
    ("temperature", -0.1),
    ("temperature", float("inf")),
    ("temperature", float("nan")),
    ("temperature", "auto"),
    ("top_k", -1),
    ("top_p", 1.01),
    ("min_p", -1),
    ("repetition_penalty", 0),
    ("seed", -1),
    ("seed", 2**63),
    ("ttt", 1),
    ("ttt", None),
    ("thinking", "perhaps"),
    ("thinking", None),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_what_a_setting_cannot_be(name: str, value: object) -> None:
    """One sentence of a length to read, and the exception that Python has for it."""
    setting = REPLY_SETTINGS[name]
    assert not setting.accepts(value)
    kinds = (int, float) if setting.kind is float else (setting.kind,)
    right = type(value) in kinds
    sentence = rf"^{name} in here must be .+, not .+\.$"
    with pytest.raises(ValueError if right else TypeError, match=sentence) as caught:
        setting.check(value, "here")
    assert isinstance(caught.value, UsageError)


@pytest.mark.parametrize("name", ["seed", "top_k", "temperature", "thinking"])
def test_numbers_too_long_to_write(name: str) -> None:
    for value in (10**400, 10**5000):
        with pytest.raises(UsageError, match=f"^{name} must be ") as caught:
            REPLY_SETTINGS[name].check(value)
        assert len(str(caught.value)) < 200


def test_what_stands_for_nothing_is_called_as_it_is_written() -> None:
    setting = REPLY_SETTINGS["max_tokens"]
    with pytest.raises(UsageError, match="a whole number or None, not 'auto'"):
        setting.check("auto")
    with pytest.raises(UsageError, match="a whole number or auto, not 'none'"):
        setting.parse("none")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("max_tokens", " auto ", None),
        ("top_k", "AUTO", None),
        ("temperature", "1", 1.0),
        ("seed", "none", None),
        ("seed", "", None),
        ("seed", "7", 7),
        ("ttt", "On", True),
        ("ttt", "false", False),
        ("thinking", "OFF", "off"),
    ],
)
def test_what_people_write(name: str, text: str, value: object) -> None:
    parsed = reply_setting(name).parse(text)
    assert parsed == value and type(parsed) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("colour", "red", "Unknown setting 'colour'. Settings: max_tokens"),
        ("temperature", "hot", "temperature must be a number or auto, not 'hot'"),
        ("seed", "x", "a whole number or none"),
        ("ttt", "maybe", "true or false"),
        ("top_p", "7", "at least 0 and at most 1"),
        ("top_k", "none", "a whole number or auto"),
    ],
)
def test_what_people_write_wrong(name: str, text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        reply_setting(name).parse(text)
    assert words in str(caught.value)


def good(setting: Setting) -> Any:
    """A value that is not the default."""
    if setting.choices:
        return setting.choices[-1]
    return {bool: True, int: 3, float: 0.5}[setting.kind]


def test_a_request_to_the_server_has_them_all() -> None:
    defaults = Defaults(REPLY, "")
    values = {name: good(each) for name, each in REPLY_SETTINGS.items()}
    (request,) = text_completion({"prompt": "a", **values}, defaults).requests
    assert request.settings == GenerationSettings(**values)
    for name, value in WRONG:
        if value in (None, "auto", "perhaps"):
            continue
        body = {"prompt": "a", name: value}
        with pytest.raises(ApiError, match=name):
            text_completion(body, defaults)
