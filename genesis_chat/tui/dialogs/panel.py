"""What all dialogs have in common: a flat panel with a title, and how to leave it."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Click
from textual.widget import Widget
from textual.widgets import Static

from ..widgets.columns import Columns, Pair
from ..widgets.shown import line

# So much of the screen's height is theirs, as the style sheet has it.
SHARE = 0.92


def fit(dialog: Widget, rows: Sequence[Pair], columns: Columns, around: int) -> None:
    """Give a dialog all of the height if its list's rows need that.

    `around` is how many other rows it has at most.
    """
    # The list's padding, and its scrollbar.
    width = max(1, dialog.content_size.width - 3)
    needed = around + sum(len(columns.lines(row, width)) for row in rows)
    dialog.set_class(needed > int(dialog.app.size.height * SHARE), "-full")


class TitleRow(Horizontal):
    """What the dialog is, and what `Esc` does, as a click on that."""

    def __init__(self, title: str, leave: str = "close") -> None:
        super().__init__()
        self._title, self._leave = title, leave

    def compose(self) -> ComposeResult:
        yield Static(line(self._title), classes="title", markup=False)
        yield Static(Content(f"Esc {self._leave}"), classes="leave")

    def on_click(self, event: Click) -> None:
        if event.widget is not None and event.widget.has_class("leave"):
            self.app.simulate_key("escape")
