"""Jokes, short ones."""

import random

from ..conversation import Conversation, opened
from ..drawing import drawn
from ..lists.texts import entries

NAME = "jokes"
WEIGHT = 1.5
PROMISED = 0.9
_ASKED = (
    "Tell me _.",
    "Can you tell me _?",
    "Do you know _?",
    "Please tell me _.",
    "Tell us _.",
    "Give me _.",
    "I want to hear _.",
    "Say _.",
    "_, please.",
    "Let me hear _.",
    "Could you tell me _?",
    "Tell me _, please.",
    "Tell _.",
    "Have you got _ for me?",
)
_JOKE = (
    "a joke",
    "another joke",
    "a short joke",
    "a good joke",
    "a funny joke",
    "one more joke",
    "something funny",
    "your best joke",
)
_OTHER = ("Make me laugh.", "Joke, please!", "Be funny.", "Cheer me up with a joke.")


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """A joke that is asked for."""
    return drawn(rng, held_out, _draw)


def joke(rng: random.Random) -> str:
    """One of them."""
    return rng.choice(_jokes())


def _draw(rng: random.Random) -> tuple[str, str]:
    asked = rng.choice(_ASKED).replace("_", rng.choice(_JOKE))
    if rng.random() < 0.1:
        asked = rng.choice(_OTHER)
    return opened(rng, asked[0].upper() + asked[1:], 0.3), joke(rng)


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer is one of the jokes, whole."""
    return answer.strip() in _jokes()


def _jokes() -> tuple[str, ...]:
    return tuple(" ".join(each) for each in entries("jokes"))
