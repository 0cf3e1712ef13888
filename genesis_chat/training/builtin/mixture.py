"""All subjects together: examples without end, each from its number and a seed."""

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, overload

from ...conversation import DEFAULT_SYSTEM_PROMPT, Message
from ...errors import UsageError
from .conversation import Conversation

if TYPE_CHECKING:
    from backends.mlx_training import Example

    from ...engine.prompt import GenesisFormat

# How many earlier questions a conversation begins with, and how often.
EARLIER, CHANCES = (0, 1, 2), (0.5, 0.3, 0.2)
MOST_DRAWN = 100


class Taught(Protocol):
    """What conversations are drawn from: a subject, or a supplement."""

    @property
    def weight(self) -> float:
        """Its share, beside those of the others."""

    @property
    def conversation(self) -> Callable[[random.Random, bool], Conversation]:
        """Draws one, held out or not."""


class Mixture(Sequence["Example"]):
    """Examples of the subjects in the share of their weights.

    Each is drawn from its number alone, so that neither their order nor how often
    one is asked for changes any. Half of them are one conversation of a subject; the
    others have one or two short ones of other subjects before it, as in a chat that
    comes to speak of something else.
    """

    def __init__(
        self,
        subjects: Sequence[Taught],
        form: "GenesisFormat",
        size: int,
        seed: str,
        longest: int,
    ) -> None:
        """`longest` is in tokens; earlier questions give way to it.

        What is still too long is drawn again.
        """
        self._subjects, self._form, self._size = subjects, form, size
        self._seed, self._longest = seed, longest

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> "Example": ...

    @overload
    def __getitem__(self, index: slice) -> "Sequence[Example]": ...

    def __getitem__(self, index: int | slice) -> "Example | Sequence[Example]":
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(self._size))]
        if not -self._size <= index < self._size:
            raise IndexError(index)
        number = index % self._size
        for seed in (self._seed, *(f"{self._seed}:{n}" for n in range(MOST_DRAWN))):
            found = conversations_of(self._subjects, seed, number)
            while found:
                example = example_of(joined(found), self._form)
                if len(example) <= self._longest:
                    return example
                found = found[1:]
        raise UsageError(
            f"The subjects have no conversation of at most {self._longest} tokens."
        )


def conversations_of(
    subjects: Sequence[Taught], seed: str, index: int
) -> list[Conversation]:
    """What the example of this number is made of, in the order it is said."""
    rng = random.Random(f"{seed}:{index}")
    found = [_drawn(subjects, rng)]
    (earlier,) = rng.choices(EARLIER, CHANCES)
    for _ in range(earlier):
        conversation = _drawn(subjects, rng)
        # A system prompt, or something told, would hold for what comes after.
        if len(conversation) == 2 and found[0][0].role != "system":
            found.append(conversation)
    return found[::-1]


def _drawn(subjects: Sequence[Taught], rng: random.Random) -> Conversation:
    (subject,) = rng.choices(subjects, [each.weight for each in subjects])
    return subject.conversation(rng, False)


def joined(conversations: Sequence[Conversation]) -> Conversation:
    """Conversations one after the other, as one."""
    return tuple(message for each in conversations for message in each)


def example_of(conversation: Conversation, form: "GenesisFormat") -> "Example":
    """A conversation as token ids; all of its replies are to be learned.

    Without a system prompt of its own it has the usual one; with an empty one, none.
    At the end stands the newline that a chat goes on with, which nobody learns.
    """
    import numpy as np

    from backends.mlx_training import Example

    from ..data import Sample, encode_conversation

    system = DEFAULT_SYSTEM_PROMPT
    if conversation[0] == Message("system", ""):
        system, conversation = "", conversation[1:]
    learnt = tuple(message.role == "assistant" for message in conversation)
    sample = Sample("", conversation, learnt)
    (found,) = encode_conversation(sample, form, system)
    footer = form.reply_footer(found.ids.tolist())
    return Example(
        np.append(found.ids, np.array(footer, np.int32)),
        np.append(found.targets, np.zeros(len(footer), np.bool_)),
    )
