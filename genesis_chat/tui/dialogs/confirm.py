"""Small questions in the middle of the screen."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from ...text import trimmed
from ..widgets.fields import Line
from ..widgets.shown import plain
from .panel import TitleRow


class Confirm(ModalScreen[bool]):
    """Yes or no; no unless it is said.

    Args:
        title: what is about to be done.
        question: whether to.
        yes, no: what the answers do, in a word or two.
    """

    CSS_PATH = "confirm.tcss"
    AUTO_FOCUS = "#no"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "answer(False)", "No"),
        Binding("y", "answer(True)", "Yes"),
    ]

    def __init__(self, title: str, question: str, yes: str, no: str = "Cancel") -> None:
        super().__init__()
        self._title, self._question = title, question
        self._yes, self._no = yes, no

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yes, no = self._yes.lower(), self._no.lower()
            yield TitleRow(self._title, no)
            yield Label(plain(self._question), markup=False)
            with Horizontal(classes="buttons"):
                yield Button(self._yes, id="yes")
                yield Button(self._no, id="no")
                yield Static(f"Y {yes} · N {no}", classes="hint", markup=False)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


class AskLine(ModalScreen[str | None]):
    """One line of text; None when it is left.

    Args:
        question: the title.
        value: what stands in the line at first.
        does: what Enter does, in a word.
        hint: a sentence on what may be written.
    """

    CSS_PATH = "confirm.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel")]

    def __init__(
        self, question: str, value: str = "", *, does: str = "save", hint: str = ""
    ) -> None:
        super().__init__()
        self._question, self._value = question, value
        self._does, self._hint = does, hint
        self._line = Line(value, compact=True)
        self._first = self._line.value

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield TitleRow(self._question, "cancel")
            yield self._line
            if self._hint:
                yield Label(plain(self._hint), classes="hint", markup=False)
            yield Label(f"Enter {self._does}", classes="hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        shown = event.value
        # What was not changed is as it was, also where that could not be shown.
        text = self._value if shown == self._first else shown
        self.dismiss(trimmed(text) or None)

    def action_leave(self) -> None:
        self.dismiss(None)
