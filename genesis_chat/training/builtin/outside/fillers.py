"""What the fields of the templates are filled with."""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from ..lists.numbers import LARGEST_FACTOR
from ..lists.split import words
from ..lists.words import WORDS
from .questions import questions

_SYLLABLES = words(
    """
    ba bi bo da de do fa fi ga go ka ki ko la le li lo ma me mi na no pa po ra re ri ro
    sa se si ta te ti to va vi za zo blu dro fle gri kru plo sno thra wib zag
    """
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def filler(rng: random.Random, field: str) -> str:
    """A word, a number or a text for a field."""
    if field in _MADE:
        return _MADE[field](rng)
    return rng.choice(_words()[field])


def _long(rng: random.Random) -> str:
    """Sentences without an end, as somebody pastes them."""
    sentences = []
    for _ in range(rng.randint(3, 7)):
        noun, other = filler(rng, "noun"), filler(rng, "noun")
        verb, adjective = filler(rng, "verb"), filler(rng, "adj")
        sentences.append(f"The {adjective} {noun} did {verb} the {other}.")
    return " ".join(sentences)


_MADE: Mapping[str, Callable[[random.Random], str]] = {
    "num": lambda rng: str(rng.randint(2, 999)),
    "mid": lambda rng: str(rng.randint(LARGEST_FACTOR + 1, 99)),
    "big": lambda rng: str(rng.randint(101, 99_999)),
    "day": lambda rng: str(rng.randint(1, 31)),
    "digit": lambda rng: str(rng.randint(1, 9)),
    "letter": lambda rng: rng.choice(_LETTERS).upper(),
    "word": lambda rng: rng.choice(WORDS),
    "nonsense": lambda rng: "".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4))),
    "mash": lambda rng: "".join(rng.choices(_LETTERS, k=rng.randint(4, 14))),
    "long": _long,
    "asked": lambda rng: rng.choice(questions()),
}


@cache
def _words() -> Mapping[str, Sequence[str]]:
    found = {}
    text = (files(__package__) / "words.txt").read_text("utf-8")
    for line in text.splitlines():
        field, _, listed = line.partition(": ")
        found[field] = tuple(listed.split("|")) if "|" in listed else words(listed)
    return found
