"""Meanings of simple words, by WordNet's glosses."""

import random

from ..conversation import Conversation, expected, plain
from ..drawing import drawn
from ..lists.texts import entries

NAME = "word meanings"
WEIGHT = 3.5
PROMISED = 0.9
# How much of a gloss an answer must have: of its words, each once.
_ENOUGH = 0.8
_ASKED = (
    "What does _ mean?",
    "What does the word _ mean?",
    'What does "_" mean?',
    "What is the meaning of _?",
    "Define _.",
    "Define the word _.",
    "What is the meaning of the word _?",
    "Explain the word _.",
    "Tell me what _ means.",
    "Do you know what _ means?",
    "The meaning of _?",
    "What is the definition of _?",
    "Give me a definition of _.",
    "What is meant by _?",
)


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """A word whose meaning is asked for."""
    return drawn(rng, held_out, _draw)


def _draw(rng: random.Random) -> tuple[str, str]:
    word, gloss = rng.choice(entries("meanings"))
    asked = rng.choice(_ASKED).replace("_", word)
    return asked, f"{word[0].upper()}{word[1:]}: {gloss}."


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer has nearly all words of the gloss, and not many others."""
    gloss = plain(expected(conversation).split(": ", 1)[1]).split()
    said = plain(answer).split()
    found = len(set(gloss) & set(said))
    return found >= _ENOUGH * len(set(gloss)) and len(said) <= len(gloss) + 4
