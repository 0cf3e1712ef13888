"""The values of a JSON file one by one, in the memory that the largest of them takes.

A file is one value, a list of values (each of its items is one), or several values
after each other, as in JSON Lines. What is damaged ends only itself: reading goes on
behind it. Made for `json`'s own decoder: an event parser, ijson 3.6, gives up at the
first flaw and takes memory with the square of the depth.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from .deep_json import DeepDecoder

CHUNK = 2**20
# The longest value in characters; reading it takes some six times as many bytes.
LONGEST = 128 * 2**20
DIGITS = 20
# Brackets that are remembered where a damaged value is left behind.
DEEPEST = 10_000
_BLANK = re.compile(r"[\s,\ufeff]*")
_STEP = re.compile(r'\\.|["\[\]{},]', re.DOTALL)
# An error so near the end of what is there may be one of the cut only.
_NEAR = 16


@dataclass(frozen=True)
class Damaged:
    """A value that cannot be read, and why, as a clause."""

    reason: str


@dataclass(frozen=True)
class End:
    """The end of a list, or of the file if there was none."""


class _Decoder(Protocol):
    """What reads one value."""

    def raw_decode(self, s: str, idx: int, /) -> tuple[Any, int]: ...


class Values:
    """Iterates over values, `Damaged` ones and `End`s; `read` gives pieces of text."""

    def __init__(self, read: Callable[[int], str]) -> None:
        self._read = read
        self._text, self._at, self._ended = "", 0, False

    def __iter__(self) -> Iterator[Any]:
        inside = False
        while self._more():
            start = self._text[self._at]
            if start == "]" and inside:
                inside = False
                self._at += 1
                yield End()
            elif start == "[" and not inside:
                inside = True
                self._at += 1
            else:
                yield self._value(inside)
        if inside:
            yield Damaged("the file ends before its list does")
        yield End()

    def _more(self) -> bool:
        """Go to the next value; whether there is one."""
        while True:
            blank = _BLANK.match(self._text, self._at)
            self._at = blank.end() if blank else self._at
            if self._at < len(self._text):
                return True
            if not self._fill(CHUNK):
                return False

    def _fill(self, size: int) -> bool:
        piece = "" if self._ended else self._read(size)
        self._ended = not piece
        self._text = self._text[self._at :] + piece
        self._at = 0
        return bool(piece)

    def _value(self, inside: bool) -> Any:
        decoder: _Decoder = _DECODER if inside else _LINE_DECODER
        while True:
            try:
                value, end = decoder.raw_decode(self._text, self._at)
                # A number may go on behind the piece.
                if end < len(self._text) or not self._fill(CHUNK):
                    self._at = end
                    return value
            except json.JSONDecodeError as error:
                pos, length = error.pos - self._at, len(self._text) - self._at
                near = length - pos < _NEAR
                cut = near or error.msg.startswith("Unterminated string")
                if cut and length > LONGEST:
                    return self._skip("it is too long")
                # Twice as much each time: all tries together cost no more than two.
                if cut and self._fill(max(CHUNK, length)):
                    continue
                reason = f"it is not whole JSON ({error.msg})"
                line_end = self._text.find("\n", self._at)
                if not inside and self._at + pos <= line_end:
                    self._at = line_end
                    return Damaged(reason)
                return self._skip(reason)
            except RecursionError:
                if decoder is not _DEEP_DECODER:
                    decoder = _DEEP_DECODER
                    continue
                return self._skip("it is nested too deeply")

    def _skip(self, reason: str) -> Damaged:
        """Leave a value behind, up to the comma or the bracket that ends it."""
        quoted, deeper = False, 0
        open_: list[str] = []
        if self._text[self._at] in "]}":
            self._at += 1
            return Damaged(reason)
        while True:
            end = self._at
            for step in _STEP.finditer(self._text, self._at):
                sign, end = step[0], step.end()
                if sign == '"':
                    quoted = not quoted
                elif quoted or sign[0] == "\\" or (open_ and sign == ","):
                    continue
                elif len(open_) == DEEPEST and (deeper or sign in "[{"):
                    deeper += 1 if sign in "[{" else -1
                elif sign in "[{":
                    open_.append("]" if sign == "[" else "}")
                elif not open_:
                    # Without a bracket of its own it ends where another's stands.
                    self._at = step.start()
                    return Damaged(reason)
                elif open_[-1] == sign or sign in open_:
                    # Those within that were never closed end here too.
                    while open_.pop() != sign:
                        pass
                    if not open_:
                        self._at = end
                        return Damaged(reason)
            self._at = max(end, len(self._text) - 1)
            if not self._fill(CHUNK):
                self._at = len(self._text)
                return Damaged(reason)


def _int(digits: str) -> int | float:
    return int(digits) if len(digits) <= DIGITS else float(digits)


def _constant(name: str) -> None:
    """NaN and its like are no values."""


_DECODER = json.JSONDecoder(parse_int=_int, parse_constant=_constant, strict=False)
# Where lines end values, a text that has no end must not swallow the next ones.
_LINE_DECODER = json.JSONDecoder(parse_int=_int, parse_constant=_constant)
_DEEP_DECODER = DeepDecoder(_DECODER)
