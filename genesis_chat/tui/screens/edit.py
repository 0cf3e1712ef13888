"""A message in other words."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static, TextArea

from ...text import sanitize


class EditMessage(ModalScreen[str | None]):
    """The new text, or None; the first version stays as an alternative."""

    CSS_PATH = "edit.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+s", "accept", "Send"),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("Edit and send again", classes="title")
            yield TextArea(sanitize(self._text), soft_wrap=True, compact=True)
            yield Static("The first version stays; < and > go between them.")
            with Horizontal(classes="buttons"):
                yield Button("Send (Ctrl+S)", id="accept", variant="primary")
                yield Button("Cancel", id="cancel")

    def on_mount(self) -> None:
        area = self.query_one(TextArea)
        area.move_cursor(area.document.end)
        area.focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "accept":
            self.action_accept()
        else:
            self.action_leave()

    def action_accept(self) -> None:
        text = self.query_one(TextArea).text
        self.dismiss(text if text.strip() else None)

    def action_leave(self) -> None:
        self.dismiss(None)
