"""Long pastes and files stand in the composer as one short mark."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from textual.document._document import Location

from ...text import counted, sanitize
from .shown import size

# From here on a paste is folded, and from there on any text: it could not be edited
# without waiting.
LINES, CHARACTERS = 8, 800
MOST_LINES, MOST_CHARACTERS = 300, 10_000
_NOT_IN_MARKS = re.compile(r"[\[\]\n\t]")
_MARK = re.compile(r"\[(?:pasted|file) [^\[\]\n]* #(\d+)\]")


@dataclass
class Folds:
    """What the marks in a text stand for."""

    _texts: dict[int, str] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)

    def fold(self, text: str, name: str = "") -> str:
        """The mark to write instead of a paste, or the text when it is short.

        A file of some `name` always is a mark.
        """
        lines = len(text.splitlines())
        if not name and lines < LINES and len(text) < CHARACTERS:
            return text
        return self._mark(text, lines, name)

    def fold_huge(self, text: str) -> str:
        """The same for what was written: it stays as it is while one can edit it."""
        lines = len(text.splitlines())
        if lines < MOST_LINES and len(text) < MOST_CHARACTERS:
            return text
        return self._mark(text, lines, "")

    def _mark(self, text: str, lines: int, name: str) -> str:
        number = len(self._texts) + 1
        self._texts[number], self._names[number] = text, name
        what = f"file {_NOT_IN_MARKS.sub('_', sanitize(name))}" if name else "pasted"
        count = counted(lines, "line")
        bytes = len(text.encode(errors="replace"))
        return f"[{what} {count}, {size(bytes)} #{number}]"

    def around(self, line: str, start: int, end: int) -> tuple[int, int]:
        """A range of a line, with all of every mark that it has a part of.

        Between two characters of a mark an empty range goes behind it.
        """
        for mark in _MARK.finditer(line):
            if int(mark[1]) not in self._texts:
                continue
            if start == end and mark.start() < start < mark.end():
                return mark.end(), mark.end()
            if start < mark.end() and mark.start() < end:
                start, end = min(start, mark.start()), max(end, mark.end())
        return start, end

    def around_lines(
        self, line: Callable[[int], str], top: Location, bottom: Location
    ) -> tuple[Location, Location]:
        """The same for a range of several lines, whose rows and columns are given."""
        (row, start), (last, end) = top, bottom
        if row == last:
            start, end = self.around(line(row), start, end)
        else:
            start = self.around(line(row), start, len(line(row)))[0]
            end = self.around(line(last), 0, end)[1]
        return (row, start), (last, end)

    def unfold(self, text: str) -> str:
        """The text with every mark replaced by what it stands for."""
        return _MARK.sub(lambda m: self._texts.get(int(m[1]), m[0]), text)

    def of(self, text: str) -> list[tuple[str, str]]:
        """The name and the content of every mark in a text; a paste has no name."""
        found = [int(mark[1]) for mark in _MARK.finditer(text)]
        return [(self._names[n], self._texts[n]) for n in found if n in self._texts]

    def fold_again(self, text: str, folded: Iterable[tuple[str, str]]) -> str:
        """A text with marks again for what was folded in it."""
        for name, content in folded:
            before, found, after = text.partition(content) if content else ("", "", "")
            if found:
                mark = self._mark(content, len(content.splitlines()), name)
                text = f"{before}{mark}{after}"
        return text

    def clear(self) -> None:
        """Forget everything."""
        self._texts.clear()
        self._names.clear()
