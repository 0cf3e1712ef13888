"""What was put into the trash, to be taken out again or deleted for good."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from ...history import Conversation
from ...text import counted
from ..widgets.choices import Choices
from ..widgets.columns import Columns, Pair, PairVisual
from ..widgets.shown import line
from .panel import TitleRow, fit

# The answer when everything is to be deleted for good.
EMPTY = ""
# Rows of the dialog beside the list.
AROUND = 7


class Trash(ModalScreen[str | None]):
    """Deleted conversations, the latest first; the one to restore, or `EMPTY`."""

    CSS_PATH = "trash.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Close")]

    def __init__(self, conversations: Sequence[Conversation]) -> None:
        super().__init__()
        self._conversations = conversations
        self._pairs = [_pair(each) for each in conversations]
        self._columns = Columns(self._pairs)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield TitleRow("Trash")
            shown = [PairVisual(pair, self._columns) for pair in self._pairs]
            rows = zip(shown, self._conversations, strict=True)
            yield Choices(*(Option(row, each.id) for row, each in rows), markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Empty trash…", id="empty")
                yield Static("Enter restore", classes="hint")

    def on_resize(self) -> None:
        # Only then has it its width.
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        fit(self.query_one(".dialog"), self._pairs, self._columns, AROUND)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(EMPTY)

    def action_leave(self) -> None:
        self.dismiss(None)


def _pair(conversation: Conversation) -> Pair:
    messages = counted(conversation.messages, "message")
    title = line(conversation.title or "New chat")
    return Pair(title, line(messages).stylize("$text-muted"))
