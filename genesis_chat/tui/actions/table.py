"""The table of actions, and what is made of it."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from ...text import trimmed
from .action import Action, Where
from .application import APPLICATION
from .chat import CHAT
from .composing import COMPOSER
from .keys import key_name, key_names
from .mixers import MIXERS
from .organizing import ORGANIZING
from .widgets import CODE, DIALOG, LIST, MESSAGE

ACTIONS: tuple[Action, ...] = (
    *APPLICATION,
    *CHAT,
    *ORGANIZING,
    *COMPOSER,
    *MESSAGE,
    *CODE,
    *LIST,
    *MIXERS,
    *DIALOG,
)
_BY_ID = {action.id: action for action in ACTIONS}
_BY_SLASH = {name: action for action in ACTIONS for name in action.slash}
PLACES: dict[Where, str] = {
    "application": "Everywhere",
    "chat": "Chat",
    "composer": "Writing",
    "message": "Selected message",
    "code": "Block of code",
    "list": "Chat list",
    "mixers": "Mixers",
    "dialog": "Dialogs",
}
# Something after a slash that is meant as a command, unlike a path or a comment.
_WORD = re.compile(r"/([^\W\d_][\w-]*)?(?=\s|$)")
Keys = Mapping[str, str]


class Row(NamedTuple):
    """A line of help: keys or a command, and what it does."""

    left: str
    text: str


def action(id: str) -> Action:
    """The action with an id."""
    return _BY_ID[id]


def keys_of(action: Action, changed: Keys) -> tuple[str, ...]:
    """Its keys, given those that the settings file changes, by the ids of actions."""
    keys = changed.get(action.id)
    return tuple(k.strip() for k in keys.split(",")) if keys else action.keys


def first_key(id: str, changed: Keys) -> str:
    """The name of the first key of an action that has any, by its id."""
    return key_name(keys_of(action(id), changed)[0])


def command(text: str) -> tuple[Action | None, str, str] | None:
    """A slash command's action, its name, and what follows it.

    None for a message: that begins with a space, or with a path or a comment. The
    action is None when no command has the name.
    """
    word = _WORD.match(text)
    if word is None:
        return None
    name = word[1] or ""
    return _BY_SLASH.get(name), name, trimmed(text[word.end() :])


def unknown_command(name: str) -> str:
    """What to say of a command that does not exist."""
    near = difflib.get_close_matches(name, _BY_SLASH, 1)
    hint = f"Did you mean /{near[0]}?" if near else "Type / to see all commands."
    return f"Unknown command /{name}. {hint} (To send it, start with a space.)"


def takes_none(name: str) -> str:
    """What to say of a command that something follows though nothing may."""
    return f"/{name} takes no argument. (To send it, start with a space.)"


def unknown_keys(changed: Keys, where: str = " in the settings file") -> Iterator[str]:
    """A sentence for each key that is for no action there is."""
    # What widgets do by themselves has keys that stay.
    known = [each.id for each in ACTIONS if each.does]
    for id in changed:
        if id not in known:
            near = difflib.get_close_matches(id, known, 1)
            every = f"there are: {', '.join(known)}."
            hint = f"did you mean {near[0]!r}?" if near else every
            yield f"Unknown action {id!r}{where}; {hint}"


def hints(
    where: Where,
    changed: Keys,
    usable: Callable[[Action], bool] = lambda action: True,
) -> list[Row]:
    """What the footer offers in a place: keys that are `usable` now, and a word.

    Neighbours with the same word share it.
    """
    found: list[Row] = []
    for each in ACTIONS:
        keys = keys_of(each, changed)
        if each.where != where or not each.hint or not keys or not usable(each):
            continue
        if found and found[-1].text == each.hint:
            found[-1] = Row(f"{found[-1].left} {key_name(keys[0])}", each.hint)
        else:
            found.append(Row(key_name(keys[0]), each.hint))
    return found


def menu(where: Where) -> list[Action]:
    """What the context menu of a place has; more of it may not apply there now."""
    own = [each for each in ACTIONS if where in each.menus and each.where == where]
    others = [each for each in ACTIONS if where in each.menus and each.where != where]
    return own + others


def key_rows(changed: Keys, *, enter_sends: bool = True) -> dict[str, list[Row]]:
    """All keys by place, for help and for the documents."""
    found: dict[str, list[Row]] = {}
    for each in ACTIONS:
        keys = keys_of(each, changed)
        if each.id == "composer.send" and not enter_sends:
            keys = action("composer.newline").keys
        elif each.id == "composer.newline" and not enter_sends:
            keys = action("composer.send").keys
        if keys and not each.spare:
            row = Row(key_names(keys), each.text)
            found.setdefault(PLACES[each.where], []).append(row)
    return found


def command_rows() -> list[Row]:
    """All slash commands, for help and for the documents."""
    return [
        Row(f"/{each.slash[0]} {each.usage}".strip(), each.text)
        for each in ACTIONS
        if each.slash
    ]
