"""A table in a reply: one rule under its header, and every column as it is aligned."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Literal, cast

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Size
from textual.visual import VisualType
from textual.widgets import Markdown, Static
from textual.widgets._markdown import (
    MarkdownBlock,
    MarkdownTable,
    MarkdownTD,
    MarkdownTH,
    MarkdownTR,
)

GAP = "   "
# No column gets narrower than this while another one is wider.
LEAST = 6
Align = Literal["left", "center", "right"]


# A word longer than this is broken to let another column have room.
LONGEST_WORD = 20


@dataclass(frozen=True)
class Cells:
    """What a table says: a header, rows, and how each column is aligned."""

    header: Sequence[Content]
    rows: Sequence[Sequence[Content]]
    aligned: Sequence[Align]

    @property
    def widths(self) -> list[int]:
        """The widest cell of each column."""
        columns = zip_longest(self.header, *self.rows, fillvalue=Content(""))
        return [max(each.cell_length for each in column) for column in columns]

    @property
    def words(self) -> list[int]:
        """The longest word of each column."""
        columns = zip_longest(self.header, *self.rows, fillvalue=Content(""))
        return [max(map(_longest_word, column)) for column in columns]

    @property
    def text(self) -> Content:
        """All cells, each on a line."""
        return Content("\n").join([*self.header, *chain.from_iterable(self.rows)])

    def coloured(self, text: Content) -> "Cells":
        """The same cells in the colours of such a text."""
        left = iter(text.split("\n", allow_blank=True))
        header, *rows = [[next(left) for _ in row] for row in (self.header, *self.rows)]
        return Cells(header, rows, self.aligned)


class Grid(Static):
    """Cells in columns; those that are too long are wrapped within theirs."""

    def __init__(self, cells: Cells) -> None:
        super().__init__(cells.text, markup=False)
        self._cells = cells
        # The last form, and the width it was made for.
        self._made: tuple[int, Content] = (-1, Content(""))

    def show(self, cells: Cells) -> None:
        """Show other cells."""
        self._cells = cells
        self.update(cells.text)

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Show the same cells in other colours."""
        if isinstance(content, Content):
            self._cells = self._cells.coloured(content)
        self._made = -1, Content("")
        super().update(content, layout=layout)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as the wrapped cells take."""
        return self._form(width).plain.count("\n") + 1

    def render(self) -> Content:
        """The table as text."""
        return self._form(self.content_size.width)

    async def action_link(self, href: str) -> None:
        """A link in a cell was clicked."""
        self.post_message(Markdown.LinkClicked(self.query_ancestor(Markdown), href))

    def _form(self, width: int) -> Content:
        if self._made[0] != width:
            rows = Content("\n").join(_lines(self._cells, max(1, width)))
            self._made = width, rows
        return self._made[1]


class Table(MarkdownTable):
    """A table that grows with the text."""

    def compose(self) -> ComposeResult:
        self._grid = Grid(self._read())
        yield self._grid

    def _read(self) -> Cells:
        header: list[Content] = []
        aligned: list[Align] = []
        rows: list[list[Content]] = []
        for block in _flat(self):
            if isinstance(block, MarkdownTH):
                header.append(block._content)
                aligned.append(_aligned(block))
            elif isinstance(block, MarkdownTR):
                rows.append([])
            elif isinstance(block, MarkdownTD) and rows:
                rows[-1].append(block._content)
        return Cells(header, [row for row in rows if row], aligned)

    async def _update_from_block(self, block: MarkdownBlock) -> None:
        if isinstance(block, Table):
            self._copy_context(block)
            self._grid.show(block._read())
        else:
            await super()._update_from_block(block)


def _flat(block: MarkdownBlock) -> Iterator[MarkdownBlock]:
    """All blocks in a block, a row before its cells."""
    for inner in block._blocks:
        yield inner
        yield from _flat(inner)


def _aligned(block: MarkdownBlock) -> Align:
    side = str(block._token.attrs.get("style", "")).rpartition(":")[2].strip()
    return cast(Align, side) if side in ("center", "right") else "left"


def _longest_word(cell: Content) -> int:
    words = (cell_len(word) for word in cell.plain.split())
    return min(LONGEST_WORD, max(words, default=1))


def _lines(cells: Cells, width: int) -> Iterator[Content]:
    room = width - len(GAP) * (len(cells.widths) - 1)
    widths = _shared(cells.widths, cells.words, room)
    aligned = [*cells.aligned, *["left"] * (len(widths) - len(cells.aligned))]

    def shown(row: Sequence[Content]) -> Iterator[Content]:
        wrapped = [
            cell.wrap(room) if cell.cell_length > room else [cell]
            for cell, room in zip(row, widths, strict=False)
        ]
        for parts in zip_longest(*wrapped, fillvalue=Content("")):
            placed = zip(parts, widths, aligned, strict=False)
            yield Content(GAP).join(_placed(*each) for each in placed)

    for line in shown(cells.header):
        yield line.stylize_before("$text-muted")
    rule = "─" * (sum(widths) + len(GAP) * (len(widths) - 1))
    yield Content.styled(rule, "$line")
    for row in cells.rows:
        yield from shown(row)


def _placed(cell: Content, width: int, side: Align | str) -> Content:
    left = max(0, width - cell.cell_length)
    before = {"left": 0, "center": left // 2, "right": left}[side]
    return Content.assemble(" " * before, cell, " " * (left - before))


def _shared(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths that fit: the widest columns give first, words are broken last."""
    shared = [max(1, width) for width in widths]
    for floors in (least, [min(LEAST, each) for each in shared]):
        while sum(shared) > room:
            free = [n for n, width in enumerate(shared) if width > floors[n]]
            if not free:
                break
            widest = max(free, key=shared.__getitem__)
            others = [shared[n] for n in free if n != widest]
            # In steps, since a cell may be thousands of characters long.
            step = max(1, shared[widest] - max(others, default=0))
            least_left = max(floors[widest], shared[widest] - step)
            shared[widest] = max(least_left, shared[widest] - (sum(shared) - room))
    return shared
