"""Prompts that are outside of what the built-in model is taught.

Training draws from templates of many kinds; the fixed prompts that it is judged by are
of kinds that have none.
"""

import random
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from .fillers import filler

FIELD = re.compile(r"\{(\w+)\}")
# How often a prompt is changed as hands do it, each in its own way.
UNTIDY = 0.12
OPENINGS = ("Please ", "Can you help me? ", "Hey, ", "OK, ", "I have a question. ")


@cache
def kinds() -> Mapping[str, Sequence[str]]:
    """Templates by kind, with fields such as `{noun}`."""
    return sections(_text("kinds.txt"))


@cache
def held_out() -> Mapping[str, Sequence[str]]:
    """The prompts that are never trained on, by kind."""
    return sections(_text("held_out.txt"))


def prompt(rng: random.Random, among: Mapping[str, Sequence[str]] | None = None) -> str:
    """A prompt of one of the kinds, or of those given, tidy or not."""
    among = among or kinds()
    templates = among[rng.choice(tuple(among))]
    text = FIELD.sub(lambda field: filler(rng, field[1]), rng.choice(templates))
    if rng.random() < UNTIDY:
        opening = rng.choice(OPENINGS)
        text = opening + (text[0].lower() + text[1:] if opening[-2] != "." else text)
    if rng.random() < UNTIDY:
        text = text.lower()
    if rng.random() < UNTIDY:
        text = text.rstrip(".?!")
    if rng.random() < UNTIDY / 2:
        text = text.upper()
    if rng.random() < UNTIDY:
        text = _misspelt(rng, text)
    return text.strip()


def _misspelt(rng: random.Random, text: str) -> str:
    """One letter left out, doubled or changed places with its neighbour.

    Numbers stay as they are: with a digit less, one might be in a subject.
    """
    letters = [at for at, letter in enumerate(text) if letter.isalpha()]
    if not letters:
        return text
    at = rng.choice(letters)
    left, letter, right = text[:at], text[at], text[at + 1 :]
    return rng.choice(
        (left + right, left + 2 * letter + right, left + right[:1] + letter + right[1:])
    )


def sections(text: str) -> Mapping[str, Sequence[str]]:
    """Lines by the heading, which begins with "# ", that they stand under."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("# "):
            section = found.setdefault(line[2:], [])
        elif line:
            section.append(line)
    return found


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
