"""What screens with one text to edit share."""

from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Button

from ..widgets.fields import Area
from .confirm import Confirm

TITLE, QUESTION = "Discard changes", "Discard your changes?"


class Editing(ModalScreen[str | None]):
    """The new text, or None; leaving asks first once something was changed."""

    CSS_PATH = "editing.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+s", "accept", "Save"),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    @property
    def area(self) -> Area:
        """Where the text is."""
        return self.query_one(Area)

    def on_mount(self) -> None:
        self.area.move_cursor(self.area.document.end)
        self.area.focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "accept":
            self.action_accept()
        elif event.button.id == "cancel":
            self.action_leave()

    def action_accept(self) -> None:
        self.dismiss(self.area.text)

    async def may_go(self) -> bool:
        """Whether nothing was changed, or it may be thrown away."""
        return self.area.text == self._text or await self.app.push_screen_wait(
            Confirm(TITLE, QUESTION, "Discard", "Keep editing")
        )

    @work(exclusive=True)
    async def action_leave(self) -> None:
        if await self.may_go():
            self.dismiss(None)
