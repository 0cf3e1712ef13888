"""Small facts to tell, about something or about anything."""

import random

from ..conversation import Conversation, expected, plain, question
from ..drawing import drawn
from ..lists.texts import entries

NAME = "small facts"
WEIGHT = 2.5
PROMISED = 0.9
_ANY = (
    "Tell me _.",
    "Can you tell me _?",
    "Do you know _?",
    "Please tell me _.",
    "Give me _.",
    "I want to hear _.",
    "_, please.",
    "Tell me _, please.",
)
_FACT = (
    "a fact",
    "a fun fact",
    "an interesting fact",
    "another fact",
    "a small fact",
    "one more fact",
    "some fact",
)
_ABOUT = " about "


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """A fact that is asked for."""
    return drawn(rng, held_out, _draw)


def _draw(rng: random.Random) -> tuple[str, str]:
    topic, fact = rng.choice(entries("facts"))
    what = rng.choice(_FACT)
    if rng.random() < 0.8:
        what += _ABOUT + rng.choice((f"the {topic}", topic))
    asked = rng.choice(_ANY).replace("_", what)
    return asked[0].upper() + asked[1:], fact


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer is the fact about what was asked, or any if nothing was."""
    if _ABOUT.strip() in plain(question(conversation)).split():
        return answer.strip() == expected(conversation)
    return answer.strip() in {fact for _, fact in entries("facts")}
