"""How keys are written for people to read: `Ctrl+F`, `F5`, `Esc`, `Alt+↑`."""

from collections.abc import Iterable

_NAMES = {
    "escape": "Esc",
    "delete": "Del",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "underscore": "_",
    "slash": "/",
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}


def key_name(key: str) -> str:
    """The name of a key as Textual writes it, such as `ctrl+f`."""
    *modifiers, last = key.strip().split("+")
    if len(last) == 1 and last.isupper():
        modifiers.append("shift")
    named = _NAMES.get(last, last.capitalize())
    return "+".join([*(each.capitalize() for each in modifiers), named])


def key_names(keys: Iterable[str]) -> str:
    """The names of several keys."""
    return " · ".join(map(key_name, keys))
