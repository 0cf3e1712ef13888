"""Samples as token ids, exactly as a chat would have them."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from backends.mlx_training import Example

from ...engine.prompt.formats import ChatFormat, Lesson
from .lessons import goes_on, lessons_of
from .sample import Chosen, Sample

# Conversations that are written by a chat template at a time.
BATCH = 16


class Examples(Sequence[Example]):
    """Examples one behind the other, in the memory that their ids take."""

    def __init__(self) -> None:
        self._ids, self._targets = array("i"), bytearray()
        self._ends = array("q", [0])

    def append(self, ids: Sequence[int], targets: bytes) -> None:
        """Add one at the end; a target's byte is 1, any other's 0."""
        self._ids.extend(ids)
        self._targets += targets
        self._ends.append(len(self._ids))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> list[Example]: ...
    def __getitem__(self, index: int | slice) -> Example | list[Example]:
        if isinstance(index, slice):
            return [self[place] for place in range(len(self))[index]]
        place = range(len(self))[index]
        part = slice(self._ends[place], self._ends[place + 1])
        return Example(
            np.array(self._ids[part], np.int32),
            np.frombuffer(bytes(self._targets[part]), np.bool_),
        )


@dataclass(frozen=True)
class Encoded:
    """Examples, the samples they were made of, and what was cut.

    `cut` counts samples whose first turns or whose last words were left out since they
    are longer than the limit, with `cut_tokens` in all; `left_out` are the places of
    samples of which nothing was left to learn.
    """

    examples: Sequence[Example]
    samples: Sequence[Sample]
    cut: int
    cut_tokens: int
    left_out: Sequence[str]

    @property
    def tokens(self) -> int:
        """Of all examples together."""
        return sum(len(each) for each in self.examples)

    @property
    def longest(self) -> int:
        """Tokens of the longest one."""
        return max((len(each) for each in self.examples), default=0)


@dataclass(frozen=True)
class Piece:
    """What becomes an example, and how many tokens it had before it was cut."""

    ids: Sequence[int]
    targets: bytes
    whole: int


def encode_samples(
    samples: Sequence[Sample],
    chat: ChatFormat,
    encode: Callable[[str], Sequence[int]],
    max_length: int,
    system: str = "",
) -> Encoded:
    """Samples as examples of at most `max_length` tokens.

    Of a conversation the ids are those with which it is generated turn by turn, and
    the assistant's words are targets, with the token that ends each reply; of a text
    all tokens but the first, and the one that ends it. A conversation becomes an
    example for each reply where its template shows earlier replies otherwise than they
    are generated. Where it is too long its first turns go, but never its system
    prompt; then the end of its last reply. `encode` is for texts; `system` is the
    prompt of conversations that have none of their own.

    Raises `ModelError` when the model's template cannot write a conversation.
    """
    found, used, left_out = Examples(), array("q"), []
    cut = cut_tokens = 0
    for start in range(0, len(samples), BATCH):
        batch = list(samples[start : start + BATCH])
        talks = [each for each in batch if each.text is None]
        lessons = iter(lessons_of(talks, chat, system))
        for place, sample in enumerate(batch, start):
            if sample.text is None:
                talk = next(lessons)
                made = list(_conversation(sample, talk, chat, max_length, system))
            else:
                ids = [*encode(sample.text), *chat.stop_ids[:1]]
                made = list(_text(ids, max_length))
            for piece in made:
                found.append(piece.ids, piece.targets)
            less = sum(piece.whole - len(piece.ids) for piece in made)
            cut += less > 0
            cut_tokens += less
            if made:
                used.append(place)
            else:
                left_out.append(sample.place)
    return Encoded(found, Chosen(samples, used), cut, cut_tokens, left_out)


def encode_conversation(
    sample: Sample, chat: ChatFormat, system: str = ""
) -> Sequence[Example]:
    """A conversation of any length as `encode_samples` makes examples of it.

    Raises `ModelError` when the model's template cannot write it.
    """
    found = Examples()
    (lessons,) = lessons_of([sample], chat, system)
    for piece in _conversation(sample, lessons, chat, len(lessons[-1]), system):
        found.append(piece.ids, piece.targets)
    return found


def _text(ids: Sequence[int], max_length: int) -> Iterator[Piece]:
    kept = ids[:max_length]
    if len(kept) > 1:
        yield Piece(kept, b"\0" + b"\1" * (len(kept) - 1), len(ids))


def _conversation(
    sample: Sample,
    lessons: Sequence[Lesson],
    chat: ChatFormat,
    max_length: int,
    system: str,
) -> Iterator[Piece]:
    learnt = [turn.learnt for turn in sample.turns][: len(lessons)]
    lasts = [len(lessons) - 1]
    if not goes_on(lessons):
        lasts = [number for number, flag in enumerate(learnt) if flag]
    for last in lasts:
        fitting = _fitting(sample, lessons, last, chat, max_length, system)
        ids = [*fitting[-1].prompt, *fitting[-1].reply][:max_length]
        targets = bytearray(len(ids))
        first = last + 1 - len(fitting)
        for number, lesson in enumerate(fitting):
            is_last = number == len(fitting) - 1
            if learnt[first + number] and (is_last or goes_on(fitting)):
                begin = len(lesson.prompt)
                size = max(0, min(len(lesson.reply), len(ids) - begin))
                targets[begin : begin + size] = b"\1" * size
        if any(targets):
            yield Piece(ids, bytes(targets), len(lessons[last]))


def _fitting(
    sample: Sample,
    lessons: Sequence[Lesson],
    last: int,
    chat: ChatFormat,
    max_length: int,
    system: str,
) -> Sequence[Lesson]:
    """The lessons up to a turn, without so many of the first that the rest fits."""
    size = len(lessons[last])
    if size <= max_length:
        return lessons[: last + 1]
    # With the first turns about as much leaves as stands up to the one after.
    begins = [len(lesson.prompt) for lesson in lessons[: last + 1]]
    first = next(
        (n for n in range(1, last) if size - begins[n] + begins[0] <= max_length), last
    )
    while True:
        ((*fitting,),) = lessons_of([sample], chat, system, slice(first, last + 1))
        if first == last or len(fitting[-1]) <= max_length:
            return fitting
        first += 1
