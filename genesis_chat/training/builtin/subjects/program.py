"""This program: its keys and commands, where things are, and what it is made of."""

import random
import re
from functools import cache

from ....tui.actions import ACTIONS, action, first_key, key_name
from ..conversation import Conversation, Split, conversation_of, question
from ..lists.program import DOES, MATTERS, Matter

NAME = "this program"
WEIGHT = 6.0
PROMISED = 0.95
# Of these places the keys are taught.
_PLACES = ("application", "chat")


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """One question in one of its wordings; a quarter of each matter's is held out."""
    matter, wordings = rng.choice(_matters())
    return conversation_of(wordings.choose(rng, held_out), filled(matter.reply))


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer has a key or a command that does it, or the matter's point."""
    matter = _by_question()[question(conversation)]
    needed = matter.needed or re.findall(r"{[^}]*}", matter.reply)
    said = answer.casefold()
    return any(filled(each).casefold() in said for each in needed)


def filled(text: str) -> str:
    """A text with the keys and slash commands of the actions that it names."""
    return re.sub(r"{(/?)([^}]*)}", _key_or_command, text)


def _key_or_command(found: re.Match[str]) -> str:
    if found[1]:
        return f"/{action(found[2]).slash[0]}"
    return first_key(found[2], {}).replace("↑", "Up")


def keys() -> tuple[Matter, ...]:
    """What each key does that works everywhere or in the chat, as help says it."""
    found: list[Matter] = []
    for each in ACTIONS:
        if each.where in _PLACES and each.keys:
            name = key_name(each.keys[0]).replace("↑", "Up")
            text = each.text.replace("`", "")
            found.append(Matter(DOES, (name,), f"{name}: {text}.", (text,)))
    return tuple(found)


@cache
def _matters() -> tuple[tuple[Matter, Split[str]], ...]:
    return tuple((each, Split(each.asked())) for each in (*MATTERS, *keys()))


@cache
def _by_question() -> dict[str, Matter]:
    return {asked: each for each, _ in _matters() for asked in each.asked()}
