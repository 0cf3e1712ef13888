"""Facts that users tell about themselves, and ask back some turns later."""

import random

from ..conversation import (
    Conversation,
    Split,
    conversation_of,
    expected,
    is_held_out,
    question,
    says,
)
from ..lists.facts import FACTS, UNTOLD, Fact
from ..lists.people import invented
from . import capitals, small_talk, sums

NAME = "facts told earlier"
WEIGHT = 5.0
PROMISED = 0.98
# How many facts are told before one is asked back, and other turns between.
MOST_FACTS, MOST_BETWEEN = 3, 2
_INVENTED, _UNTOLD = 0.35, 0.06

_NAMES = {fact: Split(fact.values) for fact in FACTS if fact.names}


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """One to three facts, other things said, then a question about one of them.

    Of names a quarter is held out; of things that there are few of, one in eight of
    the ways in which one is told and asked back.
    """
    if not held_out and rng.random() < _UNTOLD:
        return conversation_of(rng.choice(rng.choice(FACTS).asked), rng.choice(UNTOLD))
    facts = rng.sample(FACTS, rng.randint(1, MOST_FACTS))
    last = rng.choice(facts)
    exchanges: list[tuple[str, str]] = []
    for fact in facts:
        if fact is last:
            told, heard, *recalled = _recalled(rng, fact, held_out)
        else:
            value = _value(rng, fact, False)
            told, heard = _said(rng.choice(fact.told), value), rng.choice(fact.heard)
            heard = _said(heard, value)
        exchanges.append((told, heard))
    for _ in range(rng.randint(0, MOST_BETWEEN)):
        exchanges.insert(rng.randint(1, len(exchanges)), _between(rng))
    turns = [text for exchange in exchanges for text in exchange]
    return conversation_of(*turns, *recalled)


def _recalled(rng: random.Random, fact: Fact, held_out: bool) -> tuple[str, ...]:
    """A fact told and acknowledged, and asked back and replied."""
    while True:
        value = _value(rng, fact, held_out)
        told, asked = rng.choice(fact.told), rng.choice(fact.asked)
        if fact.names or is_held_out(f"{told} {value} {asked}") == held_out:
            heard = rng.choice(fact.heard)
            return (
                *(_said(text, value) for text in (told, heard)),
                asked,
                _said(fact.reply, value),
            )


def _value(rng: random.Random, fact: Fact, held_out: bool) -> str:
    if not fact.names:
        return rng.choice(fact.values)
    if not held_out and rng.random() < _INVENTED:
        while (name := invented(rng)) in _NAMES[fact].held_out:
            pass
        return name
    return _NAMES[fact].choose(rng, held_out)


def _said(text: str, value: str) -> str:
    said = text.replace("_", value)
    return said[0].upper() + said[1:] if text[0] == "_" else said


def _between(rng: random.Random) -> tuple[str, str]:
    """Something else, which training sees, and its reply."""
    subject = rng.choice((small_talk, small_talk, sums, capitals))
    said, reply = subject.conversation(rng, False)
    return said.content, reply.content


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer has the value that was told."""
    if expected(conversation) in UNTOLD:
        return answer.strip() in UNTOLD
    before, after = _asked_about(question(conversation)).reply.split("_")
    return says(answer, expected(conversation)[len(before) : -len(after)])


def _asked_about(text: str) -> Fact:
    return next(fact for fact in FACTS if text in fact.asked)
