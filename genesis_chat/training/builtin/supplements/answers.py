"""Answers that are short or in capitals, several in a chat."""

import random

from ..conversation import Conversation
from ..lists.styles import CAPITALS, SHORT
from ..plan import NUMBERS, REVIEW, STYLES
from ..subjects import system_prompts
from .styled import PROMPTS

WEIGHTS = {STYLES: 100.0, NUMBERS: 70.0, REVIEW: 40.0}
# Of small talk, of capitals and of sums.
_SHARES = (0.15, 0.45, 0.28)
_SHORT = 0.6
_TURNS = (1, 2, 3, 4)


def conversation(rng: random.Random) -> Conversation:
    """One to four questions, most of which have one right answer."""
    style = SHORT if rng.random() < _SHORT else CAPITALS
    prompt = rng.choice(PROMPTS[style])
    return system_prompts.in_style(rng, style, prompt, _SHARES, turns=_TURNS)
