"""Thoughts: what some models write before their answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from converters.tokenization.hugging_face import HuggingFaceTokenizer


@dataclass(frozen=True)
class Thinking:
    """How a model's replies think.

    `start` and `end` stand around a thought, `silent` at the beginning of a reply
    without one, where there is such a mark. `switch` is the variable with which the
    template is told whether to think; None where it knows none.
    """

    start: str
    end: str
    silent: str = ""
    switch: str | None = None

    @property
    def marks(self) -> tuple[str, ...]:
        """All of them."""
        return self.start, self.end, self.silent


PAIRS = (
    Thinking("<think>", "</think>"),
    Thinking("<longcat_think>", "</longcat_think>"),
    Thinking("<|think:start|>", "<|think:end|>"),
    Thinking("<seed:think>", "</seed:think>"),
    Thinking("[THINK]", "[/THINK]"),
    Thinking("<|channel>thought", "<channel|>"),
    Thinking(
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
        "<|channel|>final<|message|>",
    ),
)


def find_thinking(tokenizer: "HuggingFaceTokenizer", literals: str) -> Thinking | None:
    """The marks that a model's template writes, or that its vocabulary has."""
    for pair in PAIRS:
        if pair.start in literals and pair.end in literals:
            return pair
    for pair in PAIRS:
        tokens = [*_tokens(tokenizer, pair.start), *_tokens(tokenizer, pair.end)]
        if tokens and all(text in tokenizer.added for text in tokens):
            return pair
    return None


def _tokens(tokenizer: "HuggingFaceTokenizer", mark: str) -> list[str]:
    """The control tokens in a mark; the mark itself when there are none."""
    return tokenizer.all_control.pattern.findall(mark) or [mark]


class MarkedBytes:
    """The bytes of tokens, in which the tokens of marks have theirs.

    Args:
        tokenizer: has the tokens.
        marks: texts that are made of them, such as the marks of a thought.
    """

    def __init__(self, tokenizer: "HuggingFaceTokenizer", marks: Sequence[str]) -> None:
        joined = "\0".join(marks)
        self._tokenizer = tokenizer
        self._marks = {
            index: text.encode()
            for text, index in tokenizer.added.items()
            if text in joined and not text.isspace()
        }

    def token_bytes(self, id: int) -> bytes:
        """As a tokenizer's, with the marks' tokens."""
        return self._marks.get(id) or self._tokenizer.token_bytes(id)


@dataclass(frozen=True)
class Parts:
    """Where in a reply's ids its thought and its answer are; each may be empty.

    `whole` says that the answer begins with a token of its own; a thought that has
    no tokens of its own is empty here.
    """

    thought: slice
    answer: slice
    whole: bool = True


def split_ids(ids: Sequence[int], source: MarkedBytes, thinking: Thinking) -> Parts:
    """Find a reply's thought, without the white space around it, and its answer.

    A reply that begins with neither mark is taken for one that the prompt opened a
    thought for if it closes one, and else for an answer.
    """
    pieces = [source.token_bytes(id) for id in ids]
    data = b"".join(pieces)
    starts = [0, *accumulate(map(len, pieces))][: len(ids)]
    start, end = thinking.start.encode(), thinking.end.encode()
    silent = thinking.silent.encode()
    lead = len(data) - len(data.lstrip())
    opened = data.startswith(start, lead)
    if silent and data.startswith(silent, lead):
        return _parts(pieces, starts, 0, 0, lead + len(silent))
    first = lead + len(start) if opened else 0
    at = data.find(end, first)
    if at < 0 and not opened:
        return Parts(slice(0, 0), slice(0, len(ids)))
    if at < 0:
        return _parts(pieces, starts, first, len(data), len(data))
    return _parts(pieces, starts, first, at, at + len(end))


def _parts(
    pieces: Sequence[bytes], starts: Sequence[int], first: int, last: int, answer: int
) -> Parts:
    """Bytes `first` to `last` are a thought, from `answer` on there is the answer."""
    inside = [
        n
        for n, (piece, at) in enumerate(zip(pieces, starts, strict=True))
        if first <= at and at + len(piece) <= last and piece.strip()
    ]
    thought = slice(inside[0], inside[-1] + 1) if inside else slice(0, 0)
    if b"".join(pieces[thought]).strip() != b"".join(pieces)[first:last].strip():
        thought = slice(0, 0)
    begin, whole = len(pieces), True
    for n, (piece, at) in enumerate(zip(pieces, starts, strict=True)):
        if at < answer < at + len(piece) and piece[answer - at :].strip():
            whole = False
        if at >= answer and piece.strip():
            begin = n
            break
    return Parts(thought, slice(begin, len(pieces)), whole)
