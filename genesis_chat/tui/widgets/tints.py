"""Colouring the characters of a text that is shown, token by token."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from weakref import WeakKeyDictionary

from textual.content import Content, Span
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Static

# Levels from 0 up to this are told apart.
STEPS = 16
# A word that is shown stands in the source at most so many characters further on:
# what is between are marks, such as the address of a link. A sign stands nearer.
AHEAD, AHEAD_OF_SIGN = 400, 8
_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Tints:
    """A level for each character of a text, from 0 to `STEPS` - 1."""

    text: str
    levels: tuple[int, ...]


class Tinted:
    """Draws tints over the texts of a message, and takes them away again."""

    def __init__(self) -> None:
        # What a widget shows now, and what it showed before.
        self._shown: WeakKeyDictionary[Static, tuple[Content, Content]] = (
            WeakKeyDictionary()
        )

    def draw(
        self, body: Widget, tints: Tints | None, styles: Sequence[Style] = ()
    ) -> None:
        """Colour every text in a widget; `styles` are for the levels, in order.

        Texts are shown in the order of the source, without its marks: `**` and so on.
        """
        cursor = 0
        for each in _texts(body):
            content = self._original(each)
            if content is None:
                continue
            new = content
            if tints:
                spans, cursor = aligned(content.plain, tints, cursor)
                new = Content(
                    content.plain,
                    [
                        *content.spans,
                        *(Span(start, end, styles[n]) for start, end, n in spans),
                    ],
                )
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
        if at < 0:
            last = 0
            continue
        levels[start:end] = tints.levels[at : at + len(word)]
        # The white space between two words is a token's as well.
        gap, before = start - last, tints.text[cursor:at]
        if last and cursor and gap == len(before) and not before.strip():
            levels[last:start] = tints.levels[cursor:at]
        cursor, last = at + len(word), end
    spans, place = [], 0
    for level, run in groupby(levels):
        many = sum(1 for _ in run)
        if level >= 0:
            spans.append((place, place + many, level))
        place += many
    return spans, cursor


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
