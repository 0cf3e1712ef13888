"""Sentences to say back, of words that nobody need have heard of."""

import random

from ..conversation import Conversation, conversation_of, is_held_out
from ..lists.people import invented
from ..lists.words import WORDS
from ..outside.fillers import filler
from ..plan import NUMBERS, REFINEMENT, REVIEW, STYLES
from ..subjects.repetition import ASKED

WEIGHTS = {REFINEMENT: 4.0, STYLES: 4.0, NUMBERS: 4.0, REVIEW: 8.0}
_FORMS = (
    "The {adj} {noun} {verb}s.",
    "The {adj} {noun} {verb}s the {noun}.",
    "I {verb} a {noun} in {place}.",
    "We {verb} {noun}s.",
    "My {noun} is {adj}.",
    "{place} is a {adj} place.",
    "{person} had a {adj} {noun}.",
    "A {word} and a {word}",
    "the {word} {verb}s in the {word}",
    "It is {adj} in {place}.",
    "{name} and {name} {verb} the {word}.",
    "{adj} {noun}",
    "{noun} {rare} {word}",
    "{rare}",
    "{name} likes {rare}.",
    "{letter} {letter} {letter}",
    "No {noun} was {adj} today.",
    "{num} {noun}s and {num} {noun}s",
)
_NAME = "{name}"


def conversation(rng: random.Random) -> Conversation:
    """One of them, and the same once more."""
    while True:
        words = _filled(rng, rng.choice(_FORMS))
        if not is_held_out(words.casefold()) and not set(words.split()) <= set(WORDS):
            return conversation_of(rng.choice(ASKED).replace("_", words), words)


def _filled(rng: random.Random, form: str) -> str:
    while _NAME in form:
        form = form.replace(_NAME, invented(rng), 1)
    while "{" in form:
        before, rest = form.split("{", 1)
        field, after = rest.split("}", 1)
        form = f"{before}{filler(rng, field)}{after}"
    return form
