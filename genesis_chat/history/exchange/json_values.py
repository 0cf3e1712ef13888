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
from typing import Any

from .brackets import Brackets
from .controls import escaped, is_one
from .decoders import ANYTHING, DEEP, LINE, Decoder

# An error of the decoder counts the lines before it, so much at most.
CHUNK = 2**18
# The longest value in characters; reading it takes some six times as many bytes.
LONGEST = 128 * 2**20
_INK = re.compile(r"\S")
_BLANK = re.compile(r"[\s,\ufeff]*")
_COLON = re.compile(r"\s*:")
_OBJECT = re.compile(r'\{\s*"')
_FIRST_KEY = re.compile(r'\{\s*("[^"\\]{1,100}")\s*:')
# That much may be a first key, cut by the end of what is there.
_KEY_LENGTH = 200
# What a list of conversations within an object is called.
LISTS = ("conversations", "chats", "data", "history", "items")
# The list that an object is about, behind its plain values.
_LIST = re.compile(
    r'\{\s*(?:"[^"\\]*"\s*:\s*(?:"[^"\\]*"|[-+.\w]+)\s*,\s*)*'
    rf'"(?:{"|".join(LISTS)})"\s*:\s*\['
)
# Of an object that is longer the list is read value by value.
LARGE = 2**24
# An error so near the end of what is there may be one of the cut only.
_NEAR = 16
# So many characters behind damage are read in vain at most.
_IN_VAIN = 2**24


@dataclass(frozen=True)
class Damaged:
    """A value that cannot be read, and why, as a clause."""

    reason: str


@dataclass(frozen=True)
class End:
    """The end of a list, or of the file if there was none; `early` if it was cut."""

    early: bool = False


class _Flaw(Exception):
    """Why a value cannot be read, and how far behind its start that shows."""

    def __init__(self, reason: str, at: int = 0) -> None:
        super().__init__(reason)
        self.at = at


class Values:
    """Iterates over values, `Damaged` ones and `End`s; `read` gives pieces of text.

    `fits` tells a value that the file is for from one within it: behind damage,
    reading goes on with the next one of these. Objects with what `whole` finds in
    their text are read as wholes, however long they are.
    """

    def __init__(
        self,
        read: Callable[[int], str],
        fits: Callable[[Any], bool] = lambda value: False,
        whole: re.Pattern[str] | None = None,
    ) -> None:
        self._read, self._fits, self._whole = read, fits, whole
        # Places are in what is there of the text, without what is gone.
        self._text, self._at, self._gone, self._ended = "", 0, 0, False
        self._sound = 0
        self._begin: re.Pattern[str] | None = None

    def __iter__(self) -> Iterator[Any]:
        inside = entered = lost = False
        while self._more():
            start = self._text[self._at]
            if start == "]" and inside:
                inside = lost = False
                self._at += 1
                yield End()
                if entered:
                    entered = False
                    self._leave_object()
            elif start == "[" and not inside:
                inside = True
                self._at += 1
            else:
                begins = self._begins(lost)
                try:
                    value, self._at = self._decoded(inside)
                    # One that is no object may be a piece too, and what follows others.
                    lost = inside and not isinstance(value, dict | list)
                except _Flaw as flaw:
                    if not inside and self._enter(flaw):
                        inside = entered = True
                        continue
                    self._leave(flaw, inside)
                    # A piece of what was damaged before is no value of its own.
                    if lost and not begins:
                        continue
                    value, lost = Damaged(str(flaw)), inside
                yield value
        yield End(early=inside)

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
        self._gone += self._at
        self._at = 0
        return bool(piece)

    def _begins(self, lost: bool) -> bool:
        """Whether what comes begins as the values do, which the first of them tells."""
        first = _FIRST_KEY.match(self._text, self._at)
        if first is not None and self._begin is None and not lost:
            self._begin = re.compile(rf"\{{\s*{re.escape(first[1])}\s*:")
        return self._begin is not None and bool(self._begin.match(self._text, self._at))

    def _decoded(self, inside: bool, deep: bool = True) -> tuple[Any, int]:
        """The value that begins here, and where it ends. Raises `_Flaw`."""
        decoder: Decoder = ANYTHING if inside else LINE
        while True:
            try:
                value, end = decoder.raw_decode(self._text, self._at)
                # A number may go on behind the piece.
                if end < len(self._text) or not self._fill(CHUNK):
                    if isinstance(value, str) and _COLON.match(self._text, end):
                        raise _Flaw("it is a part of another", end - self._at)
                    return value, end
            except json.JSONDecodeError as error:
                at, length = error.pos - self._at, len(self._text) - self._at
                near, control = length - at < _NEAR, is_one(error)
                if control and self._escape(error.pos):
                    continue
                # A control character that is left may be in a text that goes on.
                cut = control and self._text.find("\n", error.pos) < 0
                cut = cut or near or error.msg.startswith("Unterminated string")
                if cut and length > LONGEST:
                    raise _Flaw("it is too long", length) from None
                if cut and not inside and length > LARGE and self._has_list():
                    raise _Flaw("it is an object with a long list", length) from None
                # Twice as much each time: all tries together cost no more than two.
                if not (cut and self._fill(max(CHUNK, length))):
                    raise _Flaw(f"it is not whole JSON ({error.msg})", at) from None
            except RecursionError as error:
                if not deep:
                    raise _Flaw("it is nested too deeply") from None
                if decoder is DEEP:
                    at = int(error.args[0]) - self._at
                    raise _Flaw("it is nested too deeply", at) from None
                decoder = DEEP

    def _escape(self, at: int) -> bool:
        """Make raw control characters what is read; whether there were any."""
        if self._gone + at < self._sound:
            return False
        before = self._text
        self._text = before[: self._at] + escaped(before[self._at :])
        # A text that the end of what is there cuts is in the last line.
        self._sound = self._gone + self._text.rfind("\n") + 1
        return self._text != before

    def _enter(self, flaw: _Flaw) -> bool:
        """Go into the list that an object is about, unless it is a line of several."""
        if self._in_line(flaw) and _INK.search(self._text, self._line_end()):
            return False
        found = _LIST.match(self._text, self._at)
        if found is None:
            return False
        # It is the list's values that begin alike.
        self._at, self._begin = found.end(), None
        return True

    def _has_list(self) -> bool:
        if self._whole is not None and self._whole.search(self._text, self._at):
            return False
        return _LIST.match(self._text, self._at) is not None

    def _leave_object(self) -> None:
        """Go behind the object that an entered list was in."""
        brackets = Brackets("}")
        self._begin = None
        while (end := brackets.end(self._text, self._at)) is None:
            self._at = brackets.at
            if not self._fill(CHUNK):
                end = len(self._text)
                break
        self._at = end

    def _in_line(self, flaw: _Flaw) -> bool:
        end = self._line_end()
        return self._at + flaw.at <= end

    def _line_end(self) -> int:
        """Where this line ends, or -1 if that is not near."""
        while (end := self._text.find("\n", self._at)) < 0:
            if len(self._text) - self._at >= CHUNK or not self._fill(CHUNK):
                break
        return end

    def _leave(self, flaw: _Flaw, inside: bool) -> None:
        """Go behind a damaged value.

        It ends with the comma or the bracket that its brackets tell. Where it lost one,
        or a quotation mark, they tell too much: it ends with the next value that fits.
        """
        if not inside and self._in_line(flaw):
            self._at = self._line_end()
            return
        if self._text[self._at] in "]}":
            self._at += 1
            return
        brackets = Brackets()
        # These are places in the whole text.
        scanned = self._gone + self._at
        looked, left = scanned + 1, _IN_VAIN
        while True:
            end = brackets.end(self._text, scanned - self._gone)
            scanned = self._gone + (brackets.at if end is None else end)
            while left > 0:
                at = self._beginning(looked, scanned)
                if at is None:
                    break
                self._at = at - self._gone
                in_vain = self._read_in_vain()
                if in_vain == 0:
                    self._at = at - self._gone
                    return
                looked, left = at + 1, left - in_vain
            if end is not None:
                self._at = scanned - self._gone
                return
            looked = max(looked, scanned - _KEY_LENGTH)
            if scanned < self._gone + len(self._text) - 1:
                continue
            self._at = looked - self._gone
            if not self._fill(CHUNK):
                self._at = len(self._text)
                return

    def _beginning(self, start: int, end: int) -> int | None:
        """Where the next object begins as the values do, between two places."""
        begin = self._begin or _OBJECT
        last = end - self._gone + _KEY_LENGTH
        found = begin.search(self._text, start - self._gone, last)
        at = end if found is None else self._gone + found.start()
        return at if at < end else None

    def _read_in_vain(self) -> int:
        """How much has to be read to see that no value that fits begins here."""
        try:
            value, end = self._decoded(True, deep=False)
        except _Flaw as flaw:
            return flaw.at or _IN_VAIN
        return 0 if self._fits(value) else end - self._at
