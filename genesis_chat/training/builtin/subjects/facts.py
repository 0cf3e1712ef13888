"""Facts that users tell about themselves, and ask back some turns later."""

import random

from ..conversation import (
    Conversation,
    Split,
    conversation_of,
    expected,
    informal,
    is_held_out,
    plain,
    question,
    says,
)
from ..lists.facts import FACTS, UNTOLD, Fact
from ..lists.people import invented
from ..outside.prompts import prompt
from ..outside.refusals import refusal
from . import capitals, small_talk, sums

NAME = "facts told earlier"
WEIGHT = 9.0
PROMISED = 0.98
# How many facts are told before one is asked back, and other turns between.
MOST_FACTS, MOST_BETWEEN = 3, 2
# How often a name is an invented one, something is asked that was not told, one more
# fact is asked back, and one is told and asked back in the same turn.
_INVENTED, _UNTOLD, _ONE_MORE, _AT_ONCE = 0.6, 0.1, 0.3, 0.05
# How often what is said between is outside of all subjects.
_OUTSIDE = 0.2

_NAMES = {fact: Split(fact.values) for fact in FACTS if fact.names}
_BY_QUESTION = {plain(asked): fact for fact in FACTS for asked in fact.asked}
Exchange = tuple[str, str]


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """One to three facts, other things said, then a question about one of them.

    Of names a quarter is held out; of things that there are few of, one in eight of
    the ways in which one is told and asked back.
    """
    facts = rng.sample(FACTS, rng.randint(1, MOST_FACTS))
    if not held_out and rng.random() < _UNTOLD:
        return _untold(rng, facts)
    last = facts[-1]
    told, recalled = _recalled(rng, last, held_out)
    if rng.random() < _AT_ONCE:
        return conversation_of(f"{told[0]} {recalled[0]}", recalled[1])
    others = [_recalled(rng, fact, False) for fact in facts[:-1]]
    exchanges = [told, *(other[0] for other in others)]
    rng.shuffle(exchanges)
    for _ in range(rng.randint(0, MOST_BETWEEN)):
        exchanges.insert(rng.randint(1, len(exchanges)), _between(rng))
    if others and rng.random() < _ONE_MORE:
        exchanges.append(rng.choice(others)[1])
    return _joined([*exchanges, recalled])


def one_fact(rng: random.Random, held_out: bool) -> Conversation:
    """A fact that is asked back at once."""
    return _joined([*_recalled(rng, rng.choice(FACTS), held_out)])


def _untold(rng: random.Random, facts: list[Fact]) -> Conversation:
    """A question about the first of the facts, of which only the others were told."""
    exchanges = [_recalled(rng, fact, False)[0] for fact in facts[1:]]
    asked = informal(rng, rng.choice(facts[0].asked))
    return _joined([*exchanges, (asked, rng.choice(UNTOLD))])


def _recalled(
    rng: random.Random, fact: Fact, held_out: bool
) -> tuple[Exchange, Exchange]:
    """A fact told and acknowledged, then asked back and replied."""
    while True:
        value = _value(rng, fact, held_out)
        told, asked = rng.choice(fact.told), rng.choice(fact.asked)
        if fact.names or is_held_out(f"{told} {value} {asked}") == held_out:
            break
    heard = rng.choice(fact.heard)
    exchange = _said(told, value), _said(heard, value)
    return exchange, (informal(rng, asked), _said(fact.reply, value))


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


def _between(rng: random.Random) -> Exchange:
    """Something else, which training sees, and its reply; or what it cannot do."""
    if rng.random() < _OUTSIDE:
        return prompt(rng), refusal(rng)
    subject = rng.choice((small_talk, small_talk, sums, capitals))
    said, reply = subject.conversation(rng, False)
    return said.content, reply.content


def _joined(exchanges: list[Exchange]) -> Conversation:
    return conversation_of(*(text for exchange in exchanges for text in exchange))


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer has the value that was told."""
    if expected(conversation) in UNTOLD:
        return answer.strip() in UNTOLD
    # Told and asked in one turn, the question is its last sentence.
    asked = plain(question(conversation))
    fact = next(f for text, f in _BY_QUESTION.items() if asked.endswith(text))
    before, after = fact.reply.split("_")
    return says(answer, expected(conversation)[len(before) : -len(after)])
