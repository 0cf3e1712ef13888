"""Products of whole numbers, to twelve times twelve."""

import random
import re

from ..conversation import Conversation, expected
from ..drawing import drawn
from ..lists.numbers import LARGEST_FACTOR

NAME = "times tables"
WEIGHT = 2.5
PROMISED = 0.9
_ASKED = (
    "What is _?",
    "How much is _?",
    "Calculate _.",
    "_",
    "_ = ?",
    "What does _ make?",
    "Please calculate _.",
    "Can you tell me what _ is?",
    "Do you know _?",
    "Tell me what _ is.",
    "What is the product of _?",
)
_SIGNS = (" times ", " times ", " x ", " * ", "*", "x", " multiplied by ")


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """A product in one of the ways it is asked for."""
    return drawn(rng, held_out, _draw)


def _draw(rng: random.Random) -> tuple[str, str]:
    # A few with nothing, as people try them.
    least = 0 if rng.random() < 0.1 else 1
    first, second = (
        rng.randint(least, LARGEST_FACTOR),
        rng.randint(least, LARGEST_FACTOR),
    )
    asked = rng.choice(_ASKED)
    sign = " and " if "product" in asked else rng.choice(_SIGNS)
    asked = asked.replace("_", f"{first}{sign}{second}")
    return asked, f"{first} times {second} is {first * second}."


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the last number of the answer is the product."""
    numbers = re.findall(r"\b\d+\b", answer)
    return numbers[-1:] == re.findall(r"\b\d+\b", expected(conversation))[-1:]
