"""Subjects that are quick to learn and to count."""

import random
from collections.abc import Callable

from genesis_chat.training.builtin.conversation import (
    Conversation,
    conversation_of,
    expected,
)
from genesis_chat.training.builtin.subjects import Subject


def subject(
    name: str, weight: float, draw: Callable[[random.Random], Conversation]
) -> Subject:
    """One whose held-out questions are those of training, with a mark."""

    def conversation(rng: random.Random, held_out: bool) -> Conversation:
        found = draw(rng)
        if not held_out:
            return found
        *rest, asked, reply = found
        marked = type(asked)(asked.role, f"{asked.content} (held out)")
        return (*rest, marked, reply)

    def right(conversation: Conversation, answer: str) -> bool:
        return answer == expected(conversation)

    return Subject(name, weight, 0.5, conversation, right)


def echo(rng: random.Random) -> Conversation:
    """A number said again."""
    number = f"{rng.randrange(1000)}"
    return conversation_of(f"Say {number}.", number)


def shout(rng: random.Random) -> Conversation:
    """The same under a system prompt."""
    number = f"{rng.randrange(1000)}"
    return conversation_of(f"Say {number}.", f"{number}!", system="Shout.")


def recall(rng: random.Random) -> Conversation:
    """Something told, and asked back."""
    number = f"{rng.randrange(1000)}"
    return conversation_of(f"It is {number}.", "Yes.", "What is it?", number)


SMALL = (
    subject("echo", 3, echo),
    subject("shout", 1, shout),
    subject("recall", 1, recall),
)
