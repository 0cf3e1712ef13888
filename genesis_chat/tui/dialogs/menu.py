"""A context menu: what can be done with what was pointed at."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click, Key, Resize
from textual.geometry import Offset, Region
from textual.screen import ModalScreen
from textual.widgets import OptionList

from ..actions import key_name
from ..widgets.choices import Choices

GAP = 3
# Rows of a menu beside its entries.
FRAME = 2


class Entry(NamedTuple):
    """A line of the menu: its text, and the keys that do the same without one."""

    text: str
    keys: Sequence[str] = ()


class Menu(ModalScreen[int | None]):
    """Entries at a place of the screen; returns the index of the chosen one.

    The keys of the entries choose too. It opens above or below what it is `about`,
    where there is room.
    """

    CSS_PATH = "menu.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Close")]

    def __init__(
        self, entries: Sequence[Entry], at: Offset, about: Region | None = None
    ) -> None:
        super().__init__()
        self._entries = entries
        self._at, self._about = at, about
        self._listed = Choices(*_rows(entries), markup=False, compact=True)
        # Moved as far as the screen's edges ask for.
        self._listed.absolute_offset = at

    def compose(self) -> ComposeResult:
        yield self._listed

    def on_mount(self) -> None:
        self._listed.highlighted = 0
        self._size = self.app.size
        if self._about:
            self._listed.absolute_offset = _beside(
                self._about, self._at, len(self._entries) + FRAME, self._size.height
            )

    def on_key(self, event: Key) -> None:
        # The list's own keys go through it.
        if event.key in self._listed._bindings.key_to_bindings:
            return
        for place, entry in enumerate(self._entries):
            if event.key in entry.keys:
                event.stop()
                self.dismiss(place)
                return

    def on_resize(self, event: Resize) -> None:
        # What it was opened at has moved.
        if event.size != self._size:
            self.action_leave()

    def on_click(self, event: Click) -> None:
        if event.widget is self:
            self.action_leave()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_index)

    def action_leave(self) -> None:
        self.dismiss(None)


def _beside(about: Region, at: Offset, rows: int, height: int) -> Offset:
    """Where so many rows go that would cover what they are about."""
    if rows <= about.y:
        return Offset(at.x, about.y - rows)
    if about.bottom + rows <= height:
        return Offset(at.x, about.bottom)
    return at


def _rows(entries: Sequence[Entry]) -> list[Content]:
    """Texts on the left, keys in a column at the right."""
    texts = [Content(entry.text) for entry in entries]
    keys = [key_name(entry.keys[0]) if entry.keys else "" for entry in entries]
    width = max(text.cell_length for text in texts) + GAP
    most = max(map(len, keys))
    return [
        Content.assemble(
            text.pad_right(width - text.cell_length), (key.rjust(most), "$text-muted")
        )
        for text, key in zip(texts, keys, strict=True)
    ]
