"""What the settings file may say, and what holds where it says nothing."""

import difflib
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ..errors import UsageError
from ..paths import themes_directory
from ..settings import (
    AUTO,
    AUTOMATIC,
    BACKENDS,
    COMPUTE_DTYPES,
    REPLY_SWITCHES,
    THINKING_MODES,
    BackendName,
    GenerationSettings,
    ThinkingMode,
)

_DEFAULTS = GenerationSettings()
# The interface's themes besides Textual's; the first one goes with the terminal.
OWN_THEMES = ("auto", "genesis-dark", "genesis-light")


@dataclass(frozen=True)
class Config:
    """The settings file, read; every field has a default.

    The first nine are how replies are generated, see `GenerationSettings`. `keys`
    gives actions of the interface other keys, such as `{"chat.new": "ctrl+k"}`.
    """

    max_tokens: int | None = _DEFAULTS.max_tokens
    temperature: float | None = _DEFAULTS.temperature
    top_k: int | None = _DEFAULTS.top_k
    top_p: float | None = _DEFAULTS.top_p
    min_p: float | None = _DEFAULTS.min_p
    repetition_penalty: float | None = _DEFAULTS.repetition_penalty
    ttt: bool = _DEFAULTS.ttt
    thinking: ThinkingMode = _DEFAULTS.thinking
    dtype: str | None = None
    backend: BackendName = "auto"
    system: str | None = None
    template: str | None = None
    log: bool = True
    snapshots_mb: int = 512
    theme: str = "auto"
    enter_sends: bool = True
    keys: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Key:
    """A setting of the file: its type, what may stand there, and what it means."""

    name: str
    kind: type
    help: str
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()


KEYS = {
    key.name: key
    for key in (
        Key("max_tokens", int, "maximum tokens per reply; auto is what fits", 1),
        Key("temperature", float, "0 always picks the most likely token", 0),
        Key("top_k", int, "sample from the k most likely tokens; 0 is off", 0),
        Key("top_p", float, "sample up to this total probability; 1 is off", 0, 1),
        Key("min_p", float, "drop tokens below this fraction of the top one", 0, 1),
        Key("repetition_penalty", float, "above 1 discourages repetition", 0.01, 100),
        *(Key(each.name, bool, each.label) for each in REPLY_SWITCHES),
        Key(
            "thinking",
            str,
            "whether models think before they answer",
            choices=THINKING_MODES,
        ),
        Key("dtype", str, "compute precision", choices=COMPUTE_DTYPES),
        Key("backend", str, "backend", choices=BACKENDS),
        Key("system", str, "system prompt of new conversations"),
        Key("template", str, "named system prompt of new conversations"),
        Key("log", bool, "keep conversations in the history"),
        Key("snapshots_mb", int, "room for states after each turn, in MB", 0),
        Key("theme", str, "colours of the full-screen interface"),
        Key(
            "enter_sends", bool, "Enter sends the message (false: inserts a line break)"
        ),
        Key("keys", dict, "custom key bindings"),
    )
}
assert KEYS.keys() == {each.name for each in fields(Config)}

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_WORDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    dict: "a table of keys",
}


def find_key(name: str, where: str) -> Key:
    """The key with a name. Raises `UsageError`, with the nearest one there is."""
    if name in KEYS:
        return KEYS[name]
    near = difflib.get_close_matches(name, KEYS, 1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Settings: {', '.join(KEYS)}."
    raise UsageError(f"Unknown setting {name!r} in {where}. {hint}")


def checked(key: Key, value: Any, where: str) -> Any:
    """A value, if the key may have it. Raises `UsageError` naming both."""
    if key.name in AUTOMATIC and value == AUTO:
        return None
    kinds = (int, float) if key.kind is float else (key.kind,)
    right = isinstance(value, kinds) and (key.kind is bool) == isinstance(value, bool)
    if right and key.kind is dict:
        right = all(isinstance(each, str) for each in value.values())
    if not right:
        word = f"{_WORDS[key.kind]}{_also(key)}"
        raise UsageError(f"{key.name} in {where} must be {word}.")
    if key.choices and value not in key.choices:
        raise UsageError(
            f"{key.name} in {where} must be one of {', '.join(key.choices)}, not "
            f"{value!r}."
        )
    if key.kind in (int, float) and not key.low <= value <= key.high:
        bound = f"at least {key.low:g}"
        bound += f" and at most {key.high:g}" if key.high < math.inf else ""
        raise UsageError(f"{key.name} in {where} must be {bound}, not {value}.")
    return float(value) if key.kind is float else value


def _also(key: Key) -> str:
    return f" or {AUTO}" if key.name in AUTOMATIC else ""


def parse(key: Key, text: str) -> Any:
    """A value as a person writes it on the command line. Raises `UsageError`."""
    where = "the settings"
    try:
        if key.name in AUTOMATIC and text == AUTO:
            return None
        if key.kind is int:
            return checked(key, int(text), where)
        if key.kind is float:
            return checked(key, float(text), where)
    except ValueError:
        raise UsageError(
            f"{key.name} must be {_WORDS[key.kind]}{_also(key)}, not {text!r}."
        ) from None
    if key.kind is bool:
        if text.lower() not in (*_TRUE, *_FALSE):
            raise UsageError(f"{key.name} must be true or false, not {text!r}.")
        return text.lower() in _TRUE
    if key.kind is dict:
        raise UsageError(
            f"Give one action a key: `genesis-chat config set {key.name}.ACTION KEY`."
        )
    if key.name == "theme":
        # Only here: the settings are read at every start, which must not wait.
        from textual.theme import BUILTIN_THEMES

        key = replace(
            key, choices=(*OWN_THEMES, *sorted({*BUILTIN_THEMES, *_written_themes()}))
        )
    return checked(key, text, where)


def _written_themes() -> Iterator[str]:
    """The names of a person's own themes."""
    with suppress(OSError):
        yield from (path.stem for path in themes_directory().glob("*.toml"))
