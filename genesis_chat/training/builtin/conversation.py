"""What the subjects are made with: conversations, and what training never sees."""

import hashlib
import random
import re
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from ...conversation import Message

Conversation = tuple[Message, ...]
T = TypeVar("T")


def conversation_of(*turns: str, system: str = "") -> Conversation:
    """Turns, the user's and the assistant's in alternation, the user's first.

    A system prompt comes before them if there is one.
    """
    said = [Message("system", system)] if system else []
    for number, text in enumerate(turns):
        said.append(Message("assistant" if number % 2 else "user", text))
    return tuple(said)


def question(conversation: Conversation) -> str:
    """The user's last turn, which the last message answers."""
    return conversation[-2].content


def expected(conversation: Conversation) -> str:
    """The reply that the conversation ends with."""
    return conversation[-1].content


def plain(text: str) -> str:
    """A text in small letters with single spaces and nothing but words in it."""
    kept = (c if c.isalnum() else " " for c in text.casefold().replace("'", ""))
    return " ".join("".join(kept).split())


def says(answer: str, words: str) -> bool:
    """Whether an answer has these whole words one after the other, in any case."""
    return f" {plain(words)} " in f" {plain(answer)} "


def informal(rng: random.Random, text: str) -> str:
    """A question as people type it: at times in small letters, or without its end."""
    chance = rng.random()
    if chance < 0.1:
        return text.rstrip(" .!?")
    if chance < 0.2:
        return text[0].lower() + text[1:].rstrip(" .!?")
    return text.lower() if chance < 0.25 else text


# What people put before a question, or nothing.
OPENINGS = ("", "Hey, ", "So, ", "OK, ", "Well, ", "And ", "Please, ", "By the way, ")


def opened(rng: random.Random, text: str, chance: float = 0.5) -> str:
    """A question that at times has an opening before it."""
    opening = rng.choice(OPENINGS[1:]) if rng.random() < chance else ""
    kept = re.match(r"I\b|[A-Z]{2}|Genesis", text) or not opening
    return opening + (text if kept else text[0].lower() + text[1:])


def unopened(text: str) -> str:
    """The plain words of a question without its opening, if it has one."""
    words = plain(text)
    rests = (words.removeprefix(f"{plain(each)} ") for each in OPENINGS[1:])
    return next((rest for rest in rests if rest != words), words)


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def is_held_out(text: str, one_in: int = 8) -> bool:
    """Whether a text is one of those that training never sees, by its words' hash."""
    return _digest(plain(text)) % one_in == 0


class Split(Generic[T]):
    """Values, or wordings, in two parts: for training, and held out.

    Their hashes say which are held out: a quarter of them unless another share is
    given, at least one. The first ones, those people say most, are always trained.
    """

    def __init__(
        self, values: Iterable[T], share: float = 0.25, always_trained: int = 1
    ) -> None:
        # The same in other letters or with another full stop is no other wording.
        first = {plain(str(value)): value for value in reversed(list(values))}
        every = list(first.values())[::-1]
        if len(every) <= always_trained:
            raise ValueError("There are too few values to hold any out.")
        count = max(1, round(len(every) * share))
        rest = sorted(every[always_trained:], key=lambda each: _digest(str(each)))
        self.held_out: Sequence[T] = tuple(rest[:count])
        self.training: Sequence[T] = (*every[:always_trained], *rest[count:])

    def choose(self, rng: random.Random, held_out: bool) -> T:
        """One value of a part."""
        return rng.choice(self.held_out if held_out else self.training)
