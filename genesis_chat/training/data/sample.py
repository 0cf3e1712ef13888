"""Conversations and texts that a model is to learn from, however many there are."""

import hashlib
import json
import tempfile
import unicodedata
import weakref
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, overload

from ...conversation import Message

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
# What is no more than this stays in memory.
IN_MEMORY = 16 << 20


class BadLineError(Exception):
    """Why a line cannot be learnt from, as a clause, and what was `expected`."""

    def __init__(self, problem: str, expected: str) -> None:
        super().__init__(problem)
        self.expected = expected


@dataclass(frozen=True)
class Turn:
    """A user's message and the reply to it; `thought` was thought before it."""

    content: str
    reply: str
    thought: str
    learnt: bool


@dataclass(frozen=True)
class Sample:
    """A conversation of `messages`, or a `text` without turns.

    A conversation begins with a system prompt or a user's message, and then users and
    the assistant take turns, the assistant last; `learnt` says of each message whether
    its words are to be learnt, as some of the assistant's are, and `thoughts` what was
    thought before it, where any of them has one. `place` is where it was found.
    """

    place: str
    messages: tuple[Message, ...] = ()
    learnt: tuple[bool, ...] = ()
    text: str | None = None
    thoughts: tuple[str, ...] = ()

    @property
    def system(self) -> str:
        """Its system prompt, empty where it has none."""
        first = self.messages[:1]
        return first[0].content if first and first[0].role == "system" else ""

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Its messages in pairs."""
        first = 1 if self.system else 0
        thoughts = self.thoughts or ("",) * len(self.messages)
        return tuple(
            Turn(
                self.messages[n].content,
                self.messages[n + 1].content,
                thoughts[n + 1],
                self.learnt[n + 1],
            )
            for n in range(first, len(self.messages), 2)
        )

    @property
    def canonical(self) -> bytes:
        """The same bytes for the same content, whatever form it was written in."""
        said = [[message.role, message.content] for message in self.messages]
        thoughts = [*self.thoughts] if any(self.thoughts) else []
        return _packed([said, [*map(int, self.learnt)], self.text, thoughts])

    @property
    def digest(self) -> bytes:
        """The same where no more than white space differs, which makes a duplicate."""
        said = [[m.role, _normalised(m.content)] for m in self.messages]
        thoughts = [_normalised(each) for each in self.thoughts if each]
        text = None if self.text is None else _normalised(self.text)
        data = _packed([said, text, thoughts])
        return hashlib.blake2b(data, digest_size=16).digest()


class Samples(Sequence[Sample]):
    """Samples that are kept in a file without a name."""

    def __init__(self, samples: Sequence[Sample] = ()) -> None:
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - kept
        weakref.finalize(self, self._file.close)
        self._starts = array("q", [0])
        for sample in samples:
            self.append(sample)

    def append(self, sample: Sample) -> None:
        """Add one at the end. Raises `OSError` when there is no room for it."""
        data = _packed([sample.place, sample.canonical.decode()])
        self._file.seek(self._starts[-1])
        self._file.write(data)
        self._starts.append(self._starts[-1] + len(data))

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> "Chosen": ...
    def __getitem__(self, index: int | slice) -> "Sample | Chosen":
        places = range(len(self))[index]
        if isinstance(places, range):
            return Chosen(self, places)
        self._file.seek(self._starts[places])
        size = self._starts[places + 1] - self._starts[places]
        place, packed = json.loads(self._file.read(size))
        said, learnt, text, thoughts = json.loads(packed)
        messages = tuple(Message(role, content) for role, content in said)
        return Sample(place, messages, tuple(map(bool, learnt)), text, tuple(thoughts))


class Chosen(Sequence[Sample]):
    """Some of the samples, in an order of their own."""

    def __init__(self, samples: Sequence[Sample], places: Sequence[int]) -> None:
        self._samples, self._places = samples, array("q", places)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Sample]:
        return (self._samples[place] for place in self._places)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> "Chosen": ...
    def __getitem__(self, index: int | slice) -> "Sample | Chosen":
        if isinstance(index, slice):
            return Chosen(self._samples, self._places[index])
        return self._samples[self._places[index]]


def _packed(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _normalised(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
