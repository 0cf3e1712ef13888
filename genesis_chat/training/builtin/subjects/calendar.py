"""Days and months: what comes before and after, and how many days there are."""

import random

from ..conversation import Conversation, expected, says
from ..drawing import drawn
from ..lists.split import words

NAME = "days and months"
WEIGHT = 3.5
PROMISED = 0.9
DAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
MONTHS = words(
    "January February March April May June July August September October November"
    " December"
)
_LENGTHS = dict(
    zip(MONTHS, (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), strict=True)
)
_ORDER = words(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
)
_NEXT = (
    "What ~ comes after _?",
    "Which ~ comes after _?",
    "What ~ is after _?",
    "Which ~ follows _?",
    "What comes after _?",
    "Tell me the ~ after _.",
    "After _ comes which ~?",
    "What is the next ~ after _?",
)
_BEFORE = (
    "What ~ comes before _?",
    "Which ~ comes before _?",
    "What ~ is before _?",
    "What comes before _?",
    "Tell me the ~ before _.",
    "Which ~ is just before _?",
)
_LENGTH = (
    "How many days does _ have?",
    "How many days are in _?",
    "How many days are there in _?",
    "How many days has _?",
    "How long is _?",
    "Number of days in _?",
    "Do you know how many days _ has?",
    "Tell me how many days _ has.",
)
_PLACE = (
    "What is the _ ~?",
    "Which ~ is the _?",
    "Which is the _ ~ of the #?",
    "What is the _ ~ of the #?",
    "Name the _ ~ of the #.",
    "Tell me the _ ~ of the #.",
)
_WHOLE = (
    ("How many days are in a week?", "A week has 7 days."),
    ("How many days does a week have?", "A week has 7 days."),
    ("How many days has a week?", "A week has 7 days."),
    ("How many months are in a year?", "A year has 12 months."),
    ("How many months does a year have?", "A year has 12 months."),
    ("How many months has a year?", "A year has 12 months."),
    ("How many days are in a year?", "A year has 365 days."),
    ("How many days does a year have?", "A year has 365 days."),
    ("How many weeks are in a year?", "A year has 52 weeks."),
    ("How many weeks does a year have?", "A year has 52 weeks."),
    ("How many hours are in a day?", "A day has 24 hours."),
    ("How many hours does a day have?", "A day has 24 hours."),
    ("How many minutes are in an hour?", "An hour has 60 minutes."),
    ("How many minutes does an hour have?", "An hour has 60 minutes."),
    ("How many seconds are in a minute?", "A minute has 60 seconds."),
    ("How many seconds does a minute have?", "A minute has 60 seconds."),
    ("What are the days of the week?", f"{', '.join(DAYS[:-1])} and Sunday."),
    ("Name the days of the week.", f"{', '.join(DAYS[:-1])} and Sunday."),
)


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """A question about days or months."""
    return drawn(rng, held_out, _draw)


def _draw(rng: random.Random) -> tuple[str, str]:
    names, what, whole = rng.choice(((DAYS, "day", "week"), (MONTHS, "month", "year")))
    at = rng.randrange(len(names))
    name, after, before = names[at], names[(at + 1) % len(names)], names[at - 1]
    match rng.choices(("next", "before", "length", "place", "whole"), (5, 3, 3, 2, 1))[
        0
    ]:
        case "next":
            template, value, reply = (
                rng.choice(_NEXT),
                name,
                f"{after} comes after {name}.",
            )
        case "before":
            template, value = rng.choice(_BEFORE), name
            reply = f"{before} comes before {name}."
        case "length":
            value = rng.choice(MONTHS)
            template, reply = (
                rng.choice(_LENGTH),
                f"{value} has {_LENGTHS[value]} days.",
            )
        case "place":
            template, value = rng.choice(_PLACE), _ORDER[at]
            reply = f"The {value} {what} is {name}."
        case _:
            return rng.choice(_WHOLE)
    asked = template.replace("_", value).replace("~", what).replace("#", whole)
    return asked, reply


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer has the day, the month or the number asked for."""
    reply = expected(conversation)
    for verb in (" comes ", " has ", " is "):
        first, found, rest = reply.partition(verb)
        if found:
            return says(answer, first if verb == " comes " else rest)
    return says(answer, reply)
