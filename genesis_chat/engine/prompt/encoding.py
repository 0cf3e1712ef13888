"""Rendered conversations as token ids, without encoding again what stays the same."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from converters.tokenization.hugging_face import HuggingFaceTokenizer
from converters.tokenization.hugging_face.control import ControlTokens

FIRST, LAST = 0xE000, 0xF8FF


@dataclass(frozen=True)
class Marks:
    """Private-use characters that the texts of a conversation do not have.

    `start` and `end` stand around control tokens that somebody typed, `splice` around
    the number of ids that stand in for a text.
    """

    start: str
    end: str
    splice: str

    @classmethod
    def not_in(cls, texts: Sequence[str]) -> "Marks":
        """Marks that none of the texts has. Raises `ValueError` when all are taken."""
        used = set().union(*map(set, texts))
        free = (c for c in map(chr, range(FIRST, LAST + 1)) if c not in used)
        try:
            return cls(next(free), next(free), next(free))
        except StopIteration:
            raise ValueError("every private-use character is in the texts") from None

    def mark(self, text: str, control: ControlTokens) -> str:
        """The text with marks around what looks like a control token."""
        return control.pattern.sub(f"{self.start}\\g<0>{self.end}", text)

    def stand_in(self, number: int) -> str:
        """What stands in a text for the ids with this number."""
        return f"{self.splice}{number}{self.splice}"

    def count(self, text: str, number: int) -> int:
        """How often the stand-in of this number is in a text."""
        return text.count(self.stand_in(number))


@dataclass(frozen=True)
class Encoded:
    """A text's ids, with where its segments begin, in characters and in ids.

    `spliced` are the places of ids that stood in, by their numbers: begin and end.
    """

    ids: list[int]
    characters: list[int]
    tokens: list[int]
    spliced: dict[int, tuple[int, int]]

    def token_at(self, character: int) -> int:
        """Where the segment with this character begins, in ids."""
        place = bisect_right(self.characters, character) - 1
        return self.tokens[place] if place >= 0 else 0


class Encoder:
    """Encodes rendered texts; segments of the last ones are kept.

    Control tokens cut a text into segments whose ids do not depend on the others.
    """

    def __init__(self, tokenizer: HuggingFaceTokenizer, control: ControlTokens) -> None:
        self._tokenizer, self._control = tokenizer, control
        self._known: dict[tuple[str, bool, bool], list[int]] = {}
        self._used: dict[tuple[str, bool, bool], list[int]] = {}

    def encode(
        self,
        text: str,
        marks: Marks,
        ids: Mapping[int, Sequence[int]],
        *,
        first: bool = True,
    ) -> Encoded:
        """The ids of a rendered text, with those of `ids` where they stand in.

        `first` says that nothing stands before it.
        """
        found = Encoded([], [], [], {})
        for at, segment, kind in _segments(text, marks, self._tokenizer.splits):
            found.characters.append(at)
            found.tokens.append(len(found.ids))
            if kind == "ids":
                begin = len(found.ids)
                found.ids.extend(ids[int(segment)])
                found.spliced[int(segment)] = begin, len(found.ids)
            else:
                typed = kind == "typed"
                found.ids.extend(self._segment(segment, typed, first and not found.ids))
        return found

    def forget(self) -> None:
        """Let go of the segments that were not used since the last time."""
        self._known, self._used = self._used, {}

    def _segment(self, text: str, typed: bool, first: bool) -> list[int]:
        key = text, typed, first
        ids = self._used.get(key) or self._known.get(key)
        if ids is None:
            ids = self._encode(text, typed, first)
        self._used[key] = ids
        return ids

    def _encode(self, text: str, typed: bool, first: bool) -> list[int]:
        tokenizer, control = self._tokenizer, self._control
        if typed:
            return tokenizer.encode_content(text, control, first)
        ids = tokenizer.encode_rendered(text, first)
        meant = sum(1 for _ in control.pattern.finditer(text))
        if sum(i in control.ids for i in ids) <= meant:
            return ids
        # A normaliser has made more of them: only those that are written count.
        ids, start = [], 0
        for match in control.pattern.finditer(text):
            between = text[start : match.start()]
            ids += tokenizer.encode_content(between, control, first and not ids)
            ids += tokenizer.encode_rendered(match[0], first and not ids)
            start = match.end()
        return ids + tokenizer.encode_content(text[start:], control, first and not ids)


def _segments(
    text: str, marks: Marks, splits: ControlTokens
) -> Iterator[tuple[int, str, str]]:
    """Where each segment begins, its text, and whether it is text, typed or ids."""
    start, end, splice = marks.start, marks.end, marks.splice
    pattern = re.compile(
        f"{splice}([0-9]+){splice}|{start}([^{start}{end}{splice}]*){end}"
        f"|[{start}{end}{splice}]"
    )
    position = 0
    for match in pattern.finditer(text):
        yield from _cut(text, position, match.start(), splits)
        position = match.end()
        if match[1] is not None:
            yield match.start(), match[1], "ids"
        elif match[2]:
            yield match.start(), match[2], "typed"
    yield from _cut(text, position, len(text), splits)


def _cut(
    text: str, start: int, end: int, splits: ControlTokens
) -> Iterator[tuple[int, str, str]]:
    for match in splits.pattern.finditer(text, start, end):
        if match.start() > start:
            yield start, text[start : match.start()], "text"
            start = match.start()
    if end > start:
        yield start, text[start:end], "text"
