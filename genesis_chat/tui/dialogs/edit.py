"""A message in other words."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from ..widgets.fields import Area
from .editing import Editing
from .panel import TitleRow

KEPT = "The original is kept as version 1 · ← → versions"


class EditMessage(Editing):
    """The new text, or None; the first version stays as an alternative."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield TitleRow("Edit message", "cancel")
            yield Area(self._text, soft_wrap=True, compact=True)
            yield Static(KEPT, id="told", classes="hint")
            with Horizontal(classes="buttons"):
                yield Button("Send", id="accept", variant="primary")
                yield Button("Cancel", id="cancel")
                yield Static("Ctrl+S send", classes="hint")

    def action_accept(self) -> None:
        text = self.area.text
        self.dismiss(text if text.strip() else None)
