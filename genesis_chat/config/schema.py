"""What the settings file may say, and what holds where it says nothing."""

import difflib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import UsageError
from ..paths import themes_directory
from ..setting_table import SETTINGS, Setting
from ..settings import BackendName, GenerationSettings, ThinkingMode

_DEFAULTS = GenerationSettings()
# The interface's themes besides Textual's; the first one goes with the terminal.
OWN_THEMES = ("auto", "genesis-dark", "genesis-light")


@dataclass(frozen=True)
class Config:
    """The settings file, read; every field has a default.

    The first eight are how replies are generated, see `GenerationSettings`. `keys`
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
    copy_on_select: bool = False
    keys: dict[str, str] = field(default_factory=dict)


# All settings but the seed: with one, every reply to a text would be the same.
KEYS = {name: each for name, each in SETTINGS.items() if name != "seed"}


def find_key(name: str, where: str) -> Setting:
    """The key with a name. Raises `UsageError`, with the nearest one there is."""
    if name in KEYS:
        return KEYS[name]
    near = difflib.get_close_matches(name, KEYS, 1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Settings: {', '.join(KEYS)}."
    raise UsageError(f"Unknown setting {name!r} in {where}. {hint}")


def checked(key: Setting, value: Any, where: str) -> Any:
    """A value of the file, if it may be that. Raises `UsageError` naming both."""
    if key.none is not None and value == key.none:
        return None
    if key.kind is dict and not (
        isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    ):
        raise UsageError(f"{key.name} in {where} must be a table of keys.")
    return key.check(value, where)


def parse(key: Setting, text: str) -> Any:
    """A value as a person writes it on the command line. Raises `UsageError`."""
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
    return key.parse(text)


def _written_themes() -> Iterator[str]:
    """The names of a person's own themes."""
    with suppress(OSError):
        yield from (path.stem for path in themes_directory().glob("*.toml"))
