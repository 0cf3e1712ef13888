"""A message in other words."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from ..widgets.fields import Area
from .editing import Editing


class EditMessage(Editing):
    """The new text, or None; the first version stays as an alternative."""

    CSS_PATH = "edit.tcss"

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("Edit and send again", classes="title")
            yield Area(self._text, soft_wrap=True, compact=True)
            yield Static("The first version stays; < and > go between them.")
            with Horizontal(classes="buttons"):
                yield Button("Send (Ctrl+S)", id="accept", variant="primary")
                yield Button("Cancel", id="cancel")

    def action_accept(self) -> None:
        text = self.area.text
        self.dismiss(text if text.strip() else None)
