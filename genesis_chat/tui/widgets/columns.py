"""Two columns of text, each of which wraps by itself, in whatever width there is."""

from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content
from textual.css.styles import RulesMap
from textual.geometry import Size
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual
from textual.widgets import Static

GAP = 2
# So wide is either column at least; where there is less room they are one.
LEAST = 12


class Pair(NamedTuple):
    """A row: a name, and what is said of it."""

    left: Content
    right: Content


class Columns:
    """How wide the left one of two columns is, which takes the fewest lines.

    What is too long for it has lines of its own; the right column begins below.
    """

    def __init__(self, rows: Sequence[Pair]) -> None:
        self._sizes = [(row.left.cell_length, row.right.cell_length) for row in rows]
        self._found = (0, LEAST)

    def left(self, width: int) -> int:
        """The width of the left column, with its gap, where there is so much room."""
        if width < 2 * LEAST:
            return GAP
        if self._found[0] != width:
            widest = max((left for left, _ in self._sizes), default=0) + GAP
            told = max((right for _, right in self._sizes), default=0)
            most = max(LEAST, min(widest, width - min(LEAST, told)))
            best = min(range(LEAST, most + 1), key=lambda n: self._lines(n, width))
            self._found = width, best
        return self._found[1]

    def _lines(self, left: int, width: int) -> int:
        room = max(1, width - left)
        return sum(
            max(1, -(-told // room)) + (name + GAP > left if told else 0)
            for name, told in self._sizes
        )

    def lines(self, row: Pair, width: int) -> list[Content]:
        """A row's lines in so much room."""
        column = self.left(width)
        if not row.right:
            return _wrapped(row.left, width)
        beside = _wrapped(row.right, max(1, width - column))
        above: list[Content] = []
        if row.left.cell_length + GAP <= column:
            name = row.left
        else:
            above, name = _wrapped(row.left, width), Content("")
        names = [name, *[Content("")] * (len(beside) - 1)]
        return above + [
            Content.assemble(n.pad_right(column - n.cell_length), text)
            for n, text in zip(names, beside, strict=True)
        ]


class PairVisual(Visual):
    """A row for a list of options; `str` has all of it."""

    def __init__(self, row: Pair, columns: Columns) -> None:
        self._row, self._columns = row, columns

    def __str__(self) -> str:
        return str(_whole(self._row))

    def render_strips(
        self, width: int, height: int | None, style: Style, options: RenderOptions
    ) -> list[Strip]:
        """Its lines in so much room."""
        shown = Content("\n").join(self._columns.lines(self._row, width))
        return shown.render_strips(width, height, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        """As wide as what it says on one line."""
        return _whole(self._row).cell_length

    def get_height(self, rules: RulesMap, width: int) -> int:
        """How many lines it takes in so much room."""
        return len(self._columns.lines(self._row, width))


class Pairs(Static):
    """Rows that are read only; other lists may have the same columns."""

    def __init__(self, rows: Sequence[Pair], columns: Columns, classes: str) -> None:
        self._rows, self._columns = rows, columns
        # As they are asked for again and again: for which width, and they.
        self._found: tuple[int, list[Content]] = 0, []
        whole = Content("\n").join(map(_whole, rows))
        super().__init__(whole, classes=classes, markup=False)

    def render(self) -> Content:
        """The rows for this width."""
        width = self.content_size.width
        return Content("\n").join(self._lines(width)) if width else Content("")

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """How many lines they take in so much room."""
        return len(self._lines(width))

    def _lines(self, width: int) -> list[Content]:
        if self._found[0] != width:
            lines = self._columns.lines
            self._found = (
                width,
                [line for row in self._rows for line in lines(row, width)],
            )
        return self._found[1]


def _whole(row: Pair) -> Content:
    return Content.assemble(row.left, " " * GAP, row.right) if row.right else row.left


def _wrapped(text: Content, width: int) -> list[Content]:
    return text.wrap(width) or [Content("")]
