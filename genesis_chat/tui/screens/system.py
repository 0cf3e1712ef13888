"""The system prompt of a conversation, edited in place."""

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from ...text import sanitize
from ..shown import line


class SystemPrompt(ModalScreen[str | None]):
    """A text to edit, and named prompts to take it from."""

    CSS_PATH = "system.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+s", "accept", "Accept"),
    ]

    def __init__(self, text: str, named: Mapping[str, str]) -> None:
        super().__init__()
        self._text, self._named = text, dict(named)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("System prompt of this chat", classes="title")
            with Horizontal(classes="columns"):
                if self._named:
                    yield OptionList(
                        *(Option(line(name), name) for name in self._named),
                        markup=False,
                        compact=True,
                    )
                yield TextArea(
                    sanitize(self._text),
                    soft_wrap=True,
                    compact=True,
                    placeholder="No system prompt",
                )
            yield Static(
                Content("It stays in the context whatever else leaves it."),
                classes="hint",
            )
            with Horizontal(classes="buttons"):
                yield Button("Accept (Ctrl+S)", id="accept", variant="primary")
                yield Button("Cancel", id="cancel")

    def on_mount(self) -> None:
        self.query_one(TextArea).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        area = self.query_one(TextArea)
        area.text = sanitize(self._named[event.option_id or ""])
        area.focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "accept":
            self.action_accept()
        else:
            self.action_leave()

    def action_accept(self) -> None:
        self.dismiss(self.query_one(TextArea).text.strip())

    def action_leave(self) -> None:
        self.dismiss(None)
