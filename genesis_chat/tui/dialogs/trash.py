"""What was put into the trash, to be taken out again."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ...history import Conversation
from ..widgets.shown import line


class Trash(ModalScreen[str | None]):
    """Deleted conversations, the latest first; returns the one to bring back."""

    CSS_PATH = "trash.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Close")]

    def __init__(self, conversations: Sequence[Conversation]) -> None:
        super().__init__()
        self._conversations = conversations

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("Trash", classes="title")
            yield OptionList(*map(_row, self._conversations), markup=False)
            yield Static("Enter brings one back, Esc closes.", classes="hint")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_leave(self) -> None:
        self.dismiss(None)


def _row(conversation: Conversation) -> Option:
    count = conversation.messages
    messages = "1 message" if count == 1 else f"{count} messages"
    title = line(conversation.title or "New chat")
    return Option(Content.assemble(title, (f"  {messages}", "dim")), conversation.id)
