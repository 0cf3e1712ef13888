"""What was put into the trash, to be taken out again or deleted for good."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from ...history import Conversation
from ...text import counted
from ..widgets.choices import Choices
from ..widgets.shown import line
from .panel import TitleRow

# The answer when everything is to be deleted for good.
EMPTY = ""
TITLE = 46


class Trash(ModalScreen[str | None]):
    """Deleted conversations, the latest first; the one to restore, or `EMPTY`."""

    CSS_PATH = "trash.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Close")]

    def __init__(self, conversations: Sequence[Conversation]) -> None:
        super().__init__()
        self._conversations = conversations

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield TitleRow("Trash")
            yield Choices(*map(_row, self._conversations), markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Empty trash…", id="empty")
                yield Static("Enter restore · Esc close", classes="hint")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(EMPTY)

    def action_leave(self) -> None:
        self.dismiss(None)


def _row(conversation: Conversation) -> Option:
    messages = counted(conversation.messages, "message")
    title = line(conversation.title or "New chat")
    shown = title.truncate(TITLE, ellipsis=True, pad=True)
    return Option(
        Content.assemble(shown, (f"  {messages}", "$text-muted")), conversation.id
    )
