"""This program: its keys and commands, where things are, and what it is made of."""

import random
import re
from functools import cache

from ....tui.actions import ACTIONS, action, first_key, key_name
from ..conversation import (
    Conversation,
    Split,
    conversation_of,
    informal,
    plain,
    question,
)
from ..lists.program import DOES, MATTERS, Matter

NAME = "this program"
WEIGHT = 7.0
PROMISED = 0.95
# Of these places the keys are taught.
_PLACES = ("application", "chat")


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """One question in one of its wordings; a quarter of each matter's is held out."""
    matter, wordings = rng.choice(_matters())
    asked = informal(rng, wordings.choose(rng, held_out))
    return conversation_of(asked, filled(matter.reply))


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer has a key or a command that does it, or the matter's point."""
    matter = _by_question()[plain(question(conversation))]
    needed = matter.needed or re.findall(r"{[^}]*}", matter.reply)
    said = answer.casefold()
    return any(filled(each).casefold() in said for each in needed)


def filled(text: str) -> str:
    """A text with the keys and slash commands of the actions that it names."""
    return re.sub(r"{(/?)([^}]*)}", _key_or_command, text)


def _key_or_command(found: re.Match[str]) -> str:
    if found[1]:
        return f"/{action(found[2]).slash[0]}"
    return _in_ascii(first_key(found[2], {}))


def _in_ascii(key: str) -> str:
    return key.replace("↑", "Up").replace("↓", "Down")


def keys_and_commands() -> tuple[Matter, ...]:
    """What keys that work everywhere or in the chat do, and slash commands, as help
    says it."""
    found: list[Matter] = []
    for each in ACTIONS:
        text = each.text.replace("`", "")
        names = [_in_ascii(key_name(key)) for key in each.keys[:1]]
        if each.where in _PLACES:
            names += [f"/{name}" for name in each.slash[:1]]
            for name in names:
                found.append(Matter(DOES, (name,), f"{name}: {text}.", (text,)))
    return tuple(found)


@cache
def _matters() -> tuple[tuple[Matter, Split[str]], ...]:
    every = (*MATTERS, *keys_and_commands())
    return tuple((each, Split(each.asked())) for each in every)


@cache
def _by_question() -> dict[str, Matter]:
    return {plain(asked): each for each, _ in _matters() for asked in each.asked()}
