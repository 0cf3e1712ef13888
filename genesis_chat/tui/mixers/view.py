"""Draws the picture of the mixers."""

from collections.abc import Iterator

from rich.segment import Segment
from rich.style import Style
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from .hues import Hues, has_colours
from .picture import FIELDS, Row
from .trace import Layer


class PictureView(Widget):
    """Rows of the picture; one of the layers is chosen while it has the focus."""

    choice: reactive[Layer | None] = reactive(None)
    active = reactive(False)

    class Chosen(Message):
        """A layer was clicked."""

        def __init__(self, layer: Layer) -> None:
            self.layer = layer
            super().__init__()

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._hues: Hues | None = None
        self._styles: dict[tuple[str, int | None, bool], Style] = {}

    def show(self, rows: list[Row]) -> None:
        """Draw these rows; only those that have changed cost anything."""
        old, self.rows = self.rows, rows
        if len(old) != len(rows):
            self.refresh(layout=True)
        else:
            width = self.size.width
            pairs = enumerate(zip(old, rows, strict=True))
            changed = [Region(0, y, width, 1) for y, (a, b) in pairs if a != b]
            if changed:
                self.refresh(*changed)

    def places(self, layer: Layer) -> range:
        """The rows of a layer, which has at least one."""
        found = [
            number
            for number, row in enumerate(self.rows)
            if any(half.layer == layer for half in row.halves)
        ] or [0]
        return range(found[0], found[-1] + 1)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.rows)

    def notify_style_update(self) -> None:
        """Another theme: other colours."""
        self._hues = None
        self._styles.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        blank = self._style("text", None, False)
        if y >= len(self.rows):
            return Strip.blank(width, blank)
        segments = [s for half in self.rows[y].halves for s in self._segments(half)]
        strip = Strip(segments).simplify().adjust_cell_length(width, blank)
        return strip.apply_offsets(0, y)

    def on_click(self, event: Click) -> None:
        if not 0 <= event.y < len(self.rows):
            return
        row = self.rows[event.y]
        # Before each half there is the column of its mark.
        half = row.beside if row.beside and event.x > row.width else row
        if half.layer:
            self.post_message(self.Chosen(half.layer))

    def _segments(self, row: Row) -> Iterator[Segment]:
        """A row without what stands beside it, its mark first."""
        chosen = self.active and row.layer is not None and row.layer == self.choice
        yield Segment("▌" if chosen else " ", self._style("accent", None, True))
        for cell in row.cells:
            step = None if cell.level is None else round(cell.level * (FIELDS - 1))
            ink = "text" if chosen and cell.ink == "muted" else cell.ink
            bold = cell.bold or (chosen and step is None)
            yield Segment(cell.text, self._style(ink, step, bold))

    def _style(self, ink: str, step: int | None, bold: bool) -> Style:
        key = ink, step, bold
        if key not in self._styles:
            self._styles[key] = self._made(ink, step, bold)
        return self._styles[key]

    def _made(self, ink: str, step: int | None, bold: bool) -> Style:
        if not has_colours(self.app):
            return Style(bold=bold, dim=ink == "muted")
        hues = self._hues = self._hues or Hues.of(self)
        if step is None:
            color, background = hues.ink(ink), hues.background
        else:
            background = hues.field(ink, step / (FIELDS - 1))
            color = background
        return Style(color=color.rich_color, bgcolor=background.rich_color, bold=bold)
