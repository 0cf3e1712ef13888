"""The keys that the footer names, by what has the focus."""

from textual.screen import Screen
from textual.widgets import Input

from ..actions import (
    ACTIONS,
    Action,
    Keys,
    Where,
    action,
    first_key,
    hints,
    key_name,
    keys_of,
)
from ..chat_list.pane import ChatList, ConversationList
from ..mixers import MixersPanel
from ..widgets.composer import Composer
from ..widgets.footer import Hint
from ..widgets.message import MessageView

# What the keys do in a search, which has them from its widgets.
SEARCHING = {"open": "enter", "next": "down", "previous": "up", "close": "escape"}
# What they do while the mixers are shown, by the ids of actions; from the composer
# the panel is next, and back leads Esc, which closes an explanation first.
MIXERS = {"close": "chat.mixers", "colour": "chat.colours"}
GOING = {"panel": "tab", "back": "escape", "fold": "escape"}


def offered(
    screen: Screen[object], changed: Keys, *, stops: bool, messages: bool
) -> list[Hint]:
    """What can be done now; first how to stop a reply, if Esc does.

    `messages` says whether the chat has any that could be selected.
    """
    usable = {
        each.binding.id for each in screen.active_bindings.values() if each.enabled
    }

    def can(each: Action) -> bool:
        # What widgets do by themselves has no binding of an id.
        if each.id == "chat.stop" or (each.id == "chat.messages" and not messages):
            return False
        if shows_mixers and each.id in MIXERS.values():
            return False
        if explains and each.id == "mixers.explain":
            return False
        return not each.does or each.id in usable

    if _searches(screen):
        return [(key_name(key), word) for word, key in SEARCHING.items()]
    panel = screen.query_one(MixersPanel)
    shows_mixers, explains = bool(panel.display), bool(panel.explanation)
    found = [
        (row.left, row.text)
        for where in _places(screen)
        for row in hints(where, changed, can)
    ]
    if shows_mixers and isinstance(screen.focused, MixersPanel | Composer):
        ways = [(first_key(id, changed), word) for word, id in MIXERS.items()]
        way = "back" if panel.has_focus else "panel"
        if explains and panel.has_focus:
            # Esc does that first.
            way, stops = "fold", False
        if way != "back" or not stops:
            ways.append((key_name(GOING[way]), way))
        place = len(hints("mixers", changed, can)) if panel.has_focus else 0
        found[place:place] = ways
    if stops:
        found.insert(0, (first_key("chat.stop", changed), "stop"))
    return found


def key_of(screen: Screen[object], changed: Keys, word: str) -> str | None:
    """The key of a hint that was clicked."""
    if _searches(screen):
        return SEARCHING.get(word)
    if word == "stop":
        return keys_of(action("chat.stop"), changed)[0]
    if word in MIXERS:
        return keys_of(action(MIXERS[word]), changed)[0]
    if word in GOING:
        return GOING[word]
    for where in _places(screen):
        for each in ACTIONS:
            keys = keys_of(each, changed)
            if each.where == where and each.hint == word and keys:
                return keys[0]
    return None


def _searches(screen: Screen[object]) -> bool:
    """Whether one writes what is searched for in all chats."""
    focused = screen.focused
    return isinstance(focused, Input) and isinstance(focused.parent, ChatList)


def _places(screen: Screen[object]) -> tuple[Where, ...]:
    if isinstance(screen.focused, MessageView):
        return ("message",)
    if isinstance(screen.focused, MixersPanel):
        return ("mixers", "application")
    if isinstance(screen.focused, ConversationList):
        return ("list", "application")
    return ("application", "chat")
