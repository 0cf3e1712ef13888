"""Sums that are known by heart, and others at once, said in every style."""

import random
from collections.abc import Callable

from ..conversation import Conversation, conversation_of
from ..lists.styles import CAPITALS, SHORT
from ..plan import NUMBERS, REVIEW
from ..subjects import sums
from .styled import PROMPTS

WEIGHTS = {NUMBERS: 60.0, REVIEW: 35.0}
_STYLES = (None, SHORT, CAPITALS)
_SHARES = (0.25, 0.5, 0.25)
_BY_HEART = 0.4
_MOST_TURNS = 5


def conversation(rng: random.Random) -> Conversation:
    """One to five questions, answered as a system prompt asks, or as usual."""
    return in_styles(rng, _drawn)


def in_styles(
    rng: random.Random, draw: Callable[[random.Random], Conversation]
) -> Conversation:
    """One to five questions and replies of a source, in a style or as usual."""
    (style,) = rng.choices(_STYLES, _SHARES)
    said: list[str] = []
    for _ in range(rng.randint(1, _MOST_TURNS)):
        question, reply = draw(rng)
        said += question.content, reply.content
    if style is None:
        return conversation_of(*said)
    said[1::2] = map(style.styled, said[1::2])
    return conversation_of(*said, system=rng.choice(PROMPTS[style]))


def _drawn(rng: random.Random) -> Conversation:
    if rng.random() < _BY_HEART:
        return sums.by_heart(rng)
    return sums.at_once(rng, False)
