"""Capitals of countries, and countries of capitals."""

import random

from ..conversation import (
    Conversation,
    conversation_of,
    expected,
    informal,
    is_held_out,
    says,
)
from ..lists.countries import ALSO_CALLED, countries

NAME = "capitals"
WEIGHT = 4.0
PROMISED = 0.98
_CAPITAL = (
    "What is the capital of _?",
    "what is the capital of _",
    "What's the capital of _?",
    "Which city is the capital of _?",
    "Tell me the capital of _.",
    "Do you know the capital of _?",
    "Name the capital of _.",
    "What is the name of the capital of _?",
    "The capital of _?",
    "What is _'s capital?",
    "And the capital of _?",
    "Can you tell me the capital of _?",
)
_COUNTRY = (
    "_ is the capital of which country?",
    "Which country has the capital _?",
    "Of which country is _ the capital?",
    "What country is _ the capital of?",
    "_ is the capital of what country?",
    "Which country's capital is _?",
    "To which country does the capital _ belong?",
    "Tell me the country with the capital _.",
)


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """A question in one direction; one question in eight is held out."""
    while True:
        country, capital = rng.choice(countries())
        if rng.random() < 0.6:
            if rng.random() < 0.05:
                country, capital = rng.choice(ALSO_CALLED)
            asked = rng.choice(_CAPITAL).replace("_", country)
            reply = f"The capital of {country} is {capital}."
        else:
            asked = rng.choice(_COUNTRY).replace("_", capital)
            reply = f"{capital} is the capital of {country}."
        if is_held_out(asked) == held_out:
            return conversation_of(informal(rng, asked), reply)


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer has the capital, or the country, that was asked for."""
    reply = expected(conversation)
    if reply.startswith("The capital of "):
        return says(answer, reply.split(" is ")[1])
    return says(answer, reply.split(" is the capital of ")[1])
