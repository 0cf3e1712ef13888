"""What all dialogs have in common: a flat panel with a title, and `Esc` beside it."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Click
from textual.widgets import Static

from ..widgets.shown import line


class TitleRow(Horizontal):
    """What the dialog is; a click on `Esc` leaves it."""

    def __init__(self, title: str, leave: str = "Esc") -> None:
        super().__init__()
        self._title, self._leave = title, leave

    def compose(self) -> ComposeResult:
        yield Static(line(self._title), classes="title", markup=False)
        yield Static(Content(self._leave), classes="leave")

    def on_click(self, event: Click) -> None:
        if event.widget is not None and event.widget.has_class("leave"):
            self.app.simulate_key("escape")
