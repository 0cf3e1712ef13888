"""Currencies and languages of countries."""

import random

from ..conversation import Conversation, expected, says
from ..drawing import drawn
from ..lists.money_and_languages import languages, money

NAME = "currencies and languages"
WEIGHT = 3.0
PROMISED = 0.9
_MONEY = (
    "What is the currency of _?",
    "What currency does _ have?",
    "Which currency is used in _?",
    "What money do people use in _?",
    "What do people pay with in _?",
    "Tell me the currency of _.",
    "What is the money of _ called?",
    "Which money does _ use?",
    "What is _'s currency?",
    "The currency of _?",
    "Name the currency of _.",
    "What currency do they use in _?",
)
_LANGUAGE = (
    "What language do people speak in _?",
    "Which language is spoken in _?",
    "What is the language of _?",
    "What language is spoken in _?",
    "What do people speak in _?",
    "Tell me the language of _.",
    "Which language do they speak in _?",
    "What is the official language of _?",
    "The language of _?",
    "Name the language of _.",
    "What is _'s language?",
)


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """A country whose currency or language is asked for."""
    return drawn(rng, held_out, _draw)


def _draw(rng: random.Random) -> tuple[str, str]:
    if rng.random() < 0.5:
        country, found = rng.choice(money())
        template, reply = (
            rng.choice(_MONEY),
            f"The currency of {country} is the {found}.",
        )
    else:
        country, found = rng.choice(languages())
        template, reply = rng.choice(_LANGUAGE), f"In {country} people speak {found}."
    return template.replace("_", country), reply


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer names the currency or the language."""
    reply = expected(conversation)
    for before in (" is the ", " people speak "):
        if before in reply:
            return says(answer, reply.rsplit(before, 1)[1])
    return False
