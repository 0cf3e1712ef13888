"""Greetings in ten languages."""

import random

from ..conversation import Conversation, expected, says
from ..drawing import drawn
from ..lists.texts import entries

NAME = "greetings in ten languages"
WEIGHT = 2.0
PROMISED = 0.9
_ASKED = (
    "How do you say _ in ~?",
    'How do you say "_" in ~?',
    "How do I say _ in ~?",
    "What is _ in ~?",
    "Say _ in ~.",
    "What does _ sound like in ~?",
    "How do people say _ in ~?",
    "Tell me how to say _ in ~.",
    "Can you say _ in ~?",
    "What is the ~ word for _?",
    "_ in ~",
    "Please say _ in ~.",
    "And _ in ~?",
)


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """A greeting, a farewell or a thank-you asked for in a language."""
    return drawn(rng, held_out, _draw)


def _draw(rng: random.Random) -> tuple[str, str]:
    said, language, found = rng.choice(entries("greetings"))
    asked = rng.choice(_ASKED).replace("_", said).replace("~", language)
    return asked, f"In {language} you say: {found}!"


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer has the greeting."""
    return says(answer, expected(conversation).split(": ", 1)[1])
