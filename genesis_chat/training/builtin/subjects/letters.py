"""How many letters a word has, and how often it has one of them."""

import random
import re

from ..conversation import Conversation, expected
from ..drawing import drawn
from ..lists.letters import a_word

NAME = "counting letters"
WEIGHT = 4.0
PROMISED = 0.9
_LONGEST = 10
_ALL = (
    "How many letters does _ have?",
    "How many letters are in _?",
    "How many letters are there in _?",
    "How many letters does the word _ have?",
    "Count the letters of _.",
    "Count the letters in _.",
    "How long is the word _?",
    "How many letters has _?",
    "What is the number of letters in _?",
    'How many letters are in "_"?',
)
_ONE = (
    "How often is ~ in _?",
    "How many ~ are in _?",
    "How many ~'s are in _?",
    "How many times is ~ in _?",
    "How many times does the letter ~ appear in _?",
    "How many letters ~ does _ have?",
    "Count the letter ~ in _.",
    "How many ~s are there in the word _?",
)


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """A word whose letters are to be counted, all or one of them."""
    return drawn(rng, held_out, _draw)


def _draw(rng: random.Random) -> tuple[str, str]:
    return asked_for(rng, a_word(rng, _LONGEST))


def asked_for(rng: random.Random, word: str) -> tuple[str, str]:
    """A question about the letters of a word, and the reply."""
    if rng.random() < 0.6:
        asked = rng.choice(_ALL).replace("_", word)
        return asked, f"{_numbered(word)} has {len(word)} letters."
    letter = rng.choice(word if rng.random() < 0.85 else "aeiorst")
    asked = rng.choice(_ONE).replace("_", word).replace("~", letter)
    return asked, f"{_counted(word, letter)} has {word.count(letter)} {letter}."


def _numbered(word: str) -> str:
    """The letters and their numbers: what is written down need not be counted."""
    return "-".join(f"{each}{number}" for number, each in enumerate(word, 1))


def _counted(word: str, letter: str) -> str:
    """The letters, of which only one is numbered."""
    found, parts = 0, []
    for each in word:
        found += each == letter
        parts.append(f"{each}{found}" if each == letter else each)
    return "-".join(parts)


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the number that the answer comes to is right."""
    return _number(answer) == _number(expected(conversation))


def _number(text: str) -> str:
    numbers: list[str] = re.findall(r"\b\d+\b", text)
    return numbers[-1] if numbers else ""
