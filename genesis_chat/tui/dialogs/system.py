"""The system prompt of a conversation, edited in place."""

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from ..widgets.fields import Area
from ..widgets.shown import line
from .editing import Editing


class SystemPrompt(Editing):
    """A text to edit, and named prompts to take it from."""

    CSS_PATH = "system.tcss"

    def __init__(self, text: str, named: Mapping[str, str]) -> None:
        super().__init__(text)
        self._named = dict(named)

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
                yield Area(
                    self._text,
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

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.area.text = self._named[event.option_id or ""]
        self.area.focus()

    def action_accept(self) -> None:
        self.dismiss(self.area.text.strip())
