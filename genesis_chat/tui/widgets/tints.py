"""Colouring the characters of a text that is shown: tokens, and words to be found."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from weakref import WeakKeyDictionary

from textual.content import Content, Span
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Static

from .shown import places_of

# Levels from 0 up to this are told apart.
STEPS = 16
# A word that is shown stands in the source at most so many characters further on:
# what is between are marks, such as the address of a link. A sign stands nearer.
AHEAD, AHEAD_OF_SIGN = 400, 8
# Legible in every theme, and without colours.
FOUND = "reverse"
_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Tints:
    """A level for each character of a text, from 0 to `STEPS` - 1."""

    text: str
    levels: tuple[int, ...]


class Tinted:
    """Draws tints over the texts of a message, and takes them away again.

    Args:
        body: has the texts, in the order of the source.
    """

    def __init__(self, body: Widget) -> None:
        self._body = body
        self._tints: Tints | None = None
        self._styles: Sequence[Style] = ()
        self._words = ""
        # The text of each word that stands out.
        self._found: list[Static] = []
        # What a widget shows now, and what it showed before.
        self._shown: WeakKeyDictionary[Static, tuple[Content, Content]] = (
            WeakKeyDictionary()
        )

    def tint(self, tints: Tints | None, styles: Sequence[Style]) -> None:
        """Colour every text, or none any more; `styles` are for the levels, in order.

        Texts are shown without the marks of their source: `**` and so on.
        """
        if tints or self._tints:
            self._tints, self._styles = tints, styles
            self._draw()

    def mark(self, words: str) -> None:
        """Have each of some words stand out; none any more when empty."""
        if words != self._words:
            self._words = words
            self._draw()

    def draw_again(self) -> None:
        """What was laid out or highlighted anew has lost its colours."""
        if self._tints or self._words:
            self._draw()

    def misses(self, text: str) -> bool:
        """Whether a text has one of the words, of which none is shown."""
        return not self._found and any(places_of(self._words, text))

    def reveal(self, nth: int = 0) -> None:
        """Bring one of the words into sight, counted from 0."""
        if self._found:
            # An address that is not shown has some of them, too.
            found = self._found[min(nth, len(self._found) - 1)]
            found.scroll_visible(animate=False)

    def _draw(self) -> None:
        cursor, self._found = 0, []
        for each in _texts(self._body):
            content = self._original(each)
            if content is None:
                continue
            new, more = content, []
            if self._tints:
                spans, cursor = aligned(content.plain, self._tints, cursor)
                more = [Span(start, end, self._styles[n]) for start, end, n in spans]
            places = places_of(self._words, content.plain)
            if found := [Span(*at, FOUND) for at in places]:
                self._found += [each] * len(found)
            if more or found:
                new = Content(content.plain, [*content.spans, *more, *found])
            if new is content and each.content is content:
                continue
            if new is content:
                self._shown.pop(each, None)
            else:
                self._shown[each] = new, content
            each.update(new, layout=False)

    def _original(self, widget: Static) -> Content | None:
        shown = widget.content
        before = self._shown.get(widget)
        if before and before[0] is shown:
            return before[1]
        return shown if isinstance(shown, Content) else None


def aligned(
    shown: str, tints: Tints, cursor: int = 0
) -> tuple[list[tuple[int, int, int]], int]:
    """Which characters of a shown text get which level: start, end, level.

    Words are looked for one after the other, from `cursor` on; those that the source
    does not have there get none. Also returns where the next text is to be looked for.
    """
    levels: list[int] = [-1] * len(shown)
    last = 0
    for match in _WORD.finditer(shown):
        start, end = match.span()
        word = match.group()
        at = _find(word, tints.text, cursor)
        if at >= 0:
            levels[start:end] = tints.levels[at : at + len(word)]
            if last < start:
                levels[last:start] = _of_gap(start - last, tints, cursor, at)
            cursor = at + len(word)
        last = end
    spans, place = [], 0
    for level, run in groupby(levels):
        many = sum(1 for _ in run)
        if level >= 0:
            spans.append((place, place + many, level))
        place += many
    return spans, cursor


def _of_gap(width: int, tints: Tints, start: int, end: int) -> list[int]:
    """Levels of the white space that is shown before a word.

    It is a token's as well. In the source, from `start` to `end`, marks may stand
    before or after it; where there is less of it, the first of it or the word counts.
    """
    found = [n for n in range(start, end) if tints.text[n].isspace()][-width:]
    levels = [tints.levels[n] for n in found]
    first = levels[0] if levels else tints.levels[end]
    return [first] * (width - len(levels)) + levels


def _find(word: str, text: str, start: int) -> int:
    """Where a word stands from `start` on, not as a part of another; -1 if nowhere."""
    end = start + len(word) + (AHEAD if word[0].isalnum() else AHEAD_OF_SIGN)
    at = text.find(word, start, end)
    while at >= 0:
        before, after = (
            text[max(start, at - 1) : at],
            text[at + len(word) : at + len(word) + 1],
        )
        joined = before.isalnum() and word[0].isalnum()
        if not joined and not (after.isalnum() and word[-1].isalnum()):
            break
        at = text.find(word, at + 1, end)
    return at


def _texts(body: Widget) -> Iterator[Static]:
    if isinstance(body, Static):
        yield body
    # What is no text of the message is left out.
    found: Iterable[Static] = body.query(Static).exclude(".aside")
    yield from found
