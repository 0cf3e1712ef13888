"""Sums that are known by heart, and others at once, said in every style."""

import random

from ..conversation import Conversation, conversation_of
from ..lists.styles import CAPITALS, SHORT
from ..plan import NUMBERS
from ..subjects import sums
from .styled import PROMPTS

WEIGHTS = {NUMBERS: 60.0}
_STYLES = (None, SHORT, CAPITALS)
_SHARES = (0.25, 0.5, 0.25)
_BY_HEART = 0.4
_MOST_TURNS = 5


def conversation(rng: random.Random) -> Conversation:
    """One to five questions, answered as a system prompt asks, or as usual."""
    (style,) = rng.choices(_STYLES, _SHARES)
    said: list[str] = []
    for _ in range(rng.randint(1, _MOST_TURNS)):
        if rng.random() < _BY_HEART:
            question, reply = sums.by_heart(rng)
        else:
            question, reply = sums.at_once(rng, False)
        said += question.content, reply.content
    if style is None:
        return conversation_of(*said)
    said[1::2] = map(style.styled, said[1::2])
    return conversation_of(*said, system=rng.choice(PROMPTS[style]))
