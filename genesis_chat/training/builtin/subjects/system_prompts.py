"""What a system prompt asks for: capitals, a pirate, politeness, brevity, a name."""

import random
from collections.abc import Sequence

from ..conversation import Conversation, Split, conversation_of, expected, informal
from ..lists.people import NAMES, invented
from ..lists.styles import NAMED, STYLES, Style
from ..lists.talk import TOPICS, topic
from . import capitals, facts, small_talk, sums

NAME = "system prompts"
WEIGHT = 8.0
PROMISED = 0.98
# What may stand before the prompt.
_BEFORE = ("", "", "", "You are a helpful assistant. ", "You are a chat model. ")
# The shares of what is asked; the rest are facts told and asked back.
_SHARES = (0.6, 0.15, 0.15)
Shares = tuple[float, float, float]

_NAMES = Split(NAMES)


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """One to three questions, answered as the system prompt asks.

    Held out are names, and questions that the subjects they come from hold out.
    """
    style = rng.choice(STYLES)
    return in_style(rng, style, rng.choice(style.prompts), _SHARES, held_out)


def in_style(
    rng: random.Random,
    style: Style,
    prompt: str,
    shares: Shares,
    held_out: bool = False,
    turns: Sequence[int] = (1, 1, 2, 3),
) -> Conversation:
    """Questions after a system prompt, and the replies in the style it asks for.

    The shares are those of small talk, of capitals and of sums; `turns` are how many
    there may be.
    """
    name = _name(rng, held_out) if style is NAMED else ""
    system = rng.choice(_BEFORE) + informal(rng, prompt).replace("_", name)
    said: list[str] = []
    for _ in range(rng.choice(turns)):
        said += _turns(rng, style, name, shares, held_out)
    if name and rng.random() < 0.5:
        said += small_talk.said(rng, topic("name"), held_out), f"My name is {name}."
    return conversation_of(*said, system=system)


def _name(rng: random.Random, held_out: bool) -> str:
    if not held_out and rng.random() < 0.35:
        while (name := invented(rng)) in _NAMES.held_out:
            pass
        return name
    return _NAMES.choose(rng, held_out)


def _turns(
    rng: random.Random, style: Style, name: str, shares: Shares, held_out: bool
) -> tuple[str, ...]:
    """Questions, and their replies in a style."""
    small, capital, number = shares
    source = rng.random()
    if source < small:
        matter = rng.choice(TOPICS)
        said = small_talk.said(rng, matter, held_out)
        reply = matter.replies[0].replace("Genesis", name or "Genesis")
        return said, style.styled(reply)
    if source < small + capital:
        found = capitals.conversation(rng, held_out)
    elif source < small + capital + number:
        found = sums.at_once(rng, held_out)
    else:
        found = facts.one_fact(rng, held_out)
    return tuple(
        style.styled(each.content) if each.role == "assistant" else each.content
        for each in found
    )


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer is the one expected, but for its spaces."""
    return answer.split() == expected(conversation).split()
