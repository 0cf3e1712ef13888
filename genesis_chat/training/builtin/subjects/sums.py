"""Sums and differences of whole numbers, to 100, by tens and then by ones."""

import random
import re

from ..conversation import (
    Conversation,
    conversation_of,
    expected,
    informal,
    is_held_out,
)

NAME = "sums and differences"
WEIGHT = 7.0
PROMISED = 0.98
LARGEST = 100
# Sums of two numbers up to this one, and their differences, are known by heart.
LARGEST_BY_HEART = 10
_ASKED = (
    "What is _?",
    "How much is _?",
    "What is _",
    "what is _?",
    "Calculate _.",
    "Please calculate _.",
    "_",
    "_ = ?",
    "What does _ make?",
    "Can you tell me what _ is?",
)
_SIGNS = {"plus": "+", "minus": "-"}


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """A sum or a difference; one pair of numbers in eight is held out.

    Of what is to be known by heart none is judged, and one in eight is left for later.
    """
    while True:
        first, operation, second = pair(rng)
        part = first if operation == "plus" else first - second
        small = max(part, second) <= LARGEST_BY_HEART
        kept = is_held_out(f"{first} {operation} {second}")
        if kept == held_out and not (held_out and small):
            break
    return asked_for(rng, first, operation, second)


def pair(rng: random.Random) -> tuple[int, str, int]:
    """Two numbers and what is done with them; smaller ones are taken more often."""
    operation = rng.choice(("plus", "minus"))
    largest = rng.choice((20, LARGEST, LARGEST))
    total = rng.randint(0, largest)
    part = rng.randint(0, total)
    return (
        (part, operation, total - part)
        if operation == "plus"
        else (total, operation, part)
    )


def by_heart(rng: random.Random) -> Conversation:
    """A sum of two small numbers, or a difference that one of them is."""
    first, second = (rng.randint(0, LARGEST_BY_HEART) for _ in range(2))
    if rng.random() < 0.5:
        return asked_for(rng, first, "plus", second)
    return asked_for(rng, first + second, "minus", second)


def asked_for(
    rng: random.Random, first: int, operation: str, second: int
) -> Conversation:
    """The question in one of its wordings, and the reply."""
    sign = f" {operation} "
    if rng.random() < 0.4:
        sign = rng.choice((" _ ", "_")).replace("_", _SIGNS[operation])
    asked = rng.choice(_ASKED).replace("_", f"{first}{sign}{second}")
    return conversation_of(informal(rng, asked), worked_out(first, operation, second))


def at_once(rng: random.Random, held_out: bool) -> Conversation:
    """A sum or a difference whose reply takes a single step."""
    while "," in expected(found := conversation(rng, held_out)):
        pass
    return found


def worked_out(first: int, operation: str, second: int) -> str:
    """The reply: a second number of tens and ones is taken in two steps."""
    tens, ones = divmod(second, 10)
    sign = 1 if operation == "plus" else -1
    if not (tens and ones):
        return f"{first} {operation} {second} is {first + sign * second}."
    between = first + sign * 10 * tens
    return (
        f"{first} {operation} {10 * tens} is {between}, "
        f"{operation} {ones} is {between + sign * ones}."
    )


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the last number of the answer is the result."""
    numbers = re.findall(r"-?\b\d+\b", answer)
    return numbers[-1:] == re.findall(r"\b\d+\b", expected(conversation))[-1:]
