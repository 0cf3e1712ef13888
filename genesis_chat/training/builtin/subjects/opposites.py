"""Words and their opposites."""

import random

from ..conversation import Conversation, expected, plain, says
from ..drawing import drawn
from ..lists.texts import entries

NAME = "opposites"
WEIGHT = 2.0
PROMISED = 0.9
_OPPOSITE = "The opposite of "
_ASKED = (
    "What is the opposite of _?",
    "What's the opposite of _?",
    "The opposite of _?",
    "Tell me the opposite of _.",
    "Do you know the opposite of _?",
    "Which word is the opposite of _?",
    "What word means the opposite of _?",
    "Give me the opposite of _.",
    "Name the opposite of _.",
    "And the opposite of _?",
    'What is the opposite of "_"?',
    "Opposite of _",
    "What is an antonym of _?",
)


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """A word whose opposite is asked for."""
    return drawn(rng, held_out, _draw)


def _draw(rng: random.Random) -> tuple[str, str]:
    pair = list(rng.choice(entries("opposites")))
    # An opposite in brackets is for one direction only.
    one_way = pair[1].startswith("(")
    if not one_way and rng.random() < 0.5:
        pair.reverse()
    word, opposite = (each.strip("()") for each in pair)
    asked = rng.choice(_ASKED).replace("_", word)
    return asked, f"{_OPPOSITE}{word} is {opposite}."


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer is the opposite, or says it of the word."""
    word, opposite = expected(conversation)[len(_OPPOSITE) : -1].split(" is ")
    alone = plain(answer) == opposite
    return says(answer, opposite) and (alone or says(answer, word))
