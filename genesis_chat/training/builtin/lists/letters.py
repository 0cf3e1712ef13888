"""Words as letters."""

import random

from .people import invented
from .words import WORDS

# The others are invented, so that letters are learned and not words alone.
_REAL = 0.85


def a_word(rng: random.Random, longest: int, shortest: int = 2) -> str:
    """A word in small letters, real or invented, not longer than that."""
    while True:
        real = rng.random() < _REAL
        word = rng.choice(WORDS) if real else invented(rng).lower()
        if shortest <= len(word) <= longest and word.isascii() and word.isalpha():
            return word


def spelled(word: str) -> str:
    """A word's letters with hyphens between, each a piece of its own to the model."""
    return "-".join(word)
