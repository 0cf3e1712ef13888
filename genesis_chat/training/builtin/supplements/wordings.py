"""Questions of several subjects in other wordings, in every style."""

import random

from ..conversation import Conversation, conversation_of, is_held_out
from ..drawing import drawn
from ..lists.countries import countries
from ..lists.numbers import LARGEST_FACTOR
from ..lists.styles import NAMED, STYLES
from ..lists.texts import entries
from ..plan import REVIEW
from ..subjects import calendar, small_talk, sums, system_prompts
from .styled import ALL_PROMPTS

WEIGHTS = {REVIEW: 80.0}
_IN_STYLE = 0.6
_MOST_TURNS = 3
# Of small talk, of capitals and of sums.
_SHARES = (0.5, 0.2, 0.2)
_PLUS = (
    *("Add _ and ~.", "Add ~ to _.", "What is the sum of _ and ~?", "Sum _ and ~."),
    *("What do _ and ~ make together?", "_ and ~ together?", "Work out _ + ~."),
    *("What do I get when I add ~ to _?", "The sum of _ and ~?", "_ and ~ is what?"),
    *("I have _ and get ~ more. How many are there?", "What is _ and ~?"),
)
_MINUS = (
    *("Subtract ~ from _.", "Take ~ away from _.", "_ take away ~", "_ less ~"),
    *("What is left of _ without ~?", "What do I get when I take ~ from _?"),
    *("What is the difference between _ and ~?", "Work out _ - ~.", "Take ~ from _."),
    *("I have _ and give ~ away. How many are left?", "What remains of _ minus ~?"),
)
_TIMES = (
    *("Multiply _ by ~.", "Multiply _ with ~.", "How many are _ times ~?"),
    *("_ multiplied with ~?", "Work out _ times ~.", "_ times ~?", "_ by ~ is what?"),
    *("_ times ~ makes?", "What do _ times ~ make?", "I need _ times ~."),
)
_NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve"),
)
_OPPOSITES = (
    *(
        "I need the opposite of _.",
        "What is the contrary of _?",
        "Say the opposite of _.",
    ),
    *('Tell me the opposite of "_".', "_, and its opposite?", "The contrary of _?"),
    *("What would be the opposite of _?", "I look for the opposite of _."),
)
_CAPITAL = (
    *("capital of _", "_ capital?", "I need the capital of _.", "capital city of _?"),
    *("Which city is _'s capital?", "Please name the capital city of _."),
    *("What city is the capital of _?", "I want to know the capital of _."),
    *("What is the capital city of _?", "Do you remember the capital of _?"),
)
_COUNTRY = (
    *("_ is the capital of?", "What country has _ as its capital city?"),
    *("In which country is _ the capital?", "Which country has _ as capital?"),
    *("_ is the capital city of which country?", "I need the country of _, a capital."),
)


def conversation(rng: random.Random) -> Conversation:
    """One to three questions, answered as usual or as a system prompt asks."""
    if rng.random() >= _IN_STYLE:
        return conversation_of(*_asked(rng))
    style = rng.choice(STYLES)
    prompt = rng.choice(ALL_PROMPTS[style])
    if style is NAMED:
        return system_prompts.in_style(rng, style, prompt, _SHARES)
    said: list[str] = []
    for _ in range(rng.randint(1, _MOST_TURNS)):
        asked, reply = _asked(rng, at_once=True)
        said += asked, style.styled(reply)
    return conversation_of(*said, system=prompt)


def _asked(rng: random.Random, *, at_once: bool = False) -> tuple[str, str]:
    while True:
        question, reply = drawn(rng, False, rng.choice(_SOURCES))
        # In a style a sum takes one step; a difference always does here.
        subtracts_twice = ", minus" in reply.content
        adds_twice = at_once and ", plus" in reply.content
        if not (subtracts_twice or adds_twice):
            return question.content, reply.content


def _sum(rng: random.Random) -> tuple[str, str]:
    while True:
        first, operation, second = sums.pair(rng)
        if not is_held_out(f"{first} {operation} {second}"):
            break
    asked = rng.choice(_PLUS if operation == "plus" else _MINUS)
    asked = asked.replace("_", f"{first}").replace("~", f"{second}")
    return asked, sums.worked_out(first, operation, second)


def _product(rng: random.Random) -> tuple[str, str]:
    first, second = (rng.randint(1, LARGEST_FACTOR) for _ in range(2))
    written = _NUMBERS if rng.random() < 0.3 else tuple(map(str, range(13)))
    asked = rng.choice(_TIMES).replace("_", written[first])
    asked = asked.replace("~", written[second])
    return asked, f"{first} times {second} is {first * second}."


def _opposite(rng: random.Random) -> tuple[str, str]:
    while (pair := rng.choice(entries("opposites")))[1].startswith("("):
        pass
    word, opposite = rng.sample(pair, 2)
    asked = rng.choice(_OPPOSITES).replace("_", word)
    return asked, f"The opposite of {word} is {opposite}."


def _capital(rng: random.Random) -> tuple[str, str]:
    country, capital = rng.choice(countries())
    if rng.random() < 0.6:
        asked = rng.choice(_CAPITAL).replace("_", country)
        return asked, f"The capital of {country} is {capital}."
    asked = rng.choice(_COUNTRY).replace("_", capital)
    return asked, f"{capital} is the capital of {country}."


def _day(rng: random.Random) -> tuple[str, str]:
    question, reply = calendar.conversation(rng, False)
    return question.content, reply.content


def _small_talk(rng: random.Random) -> tuple[str, str]:
    question, reply = small_talk.conversation(rng, False)
    return question.content, reply.content


_SOURCES = (_sum, _sum, _product, _opposite, _capital, _capital, _day, _small_talk)
