"""Help: the keys as they are now, and the commands."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from ..widgets.columns import Columns, Pair, Pairs
from ..widgets.shown import line, told
from .panel import TitleRow


class Help(ModalScreen[None]):
    """Lists the keys that were given, which may have been changed."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,q", "dismiss", "Close"),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
    ]

    def __init__(self, groups: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        super().__init__()
        self._groups = {
            title: [_pair(left, right) for left, right in rows]
            for title, rows in groups.items()
        }

    def compose(self) -> ComposeResult:
        columns = Columns([row for rows in self._groups.values() for row in rows])
        with Vertical(classes="dialog"):
            yield TitleRow("Keys and commands")
            with VerticalScroll():
                for title, rows in self._groups.items():
                    yield Static(Content(title), classes="group")
                    yield Pairs(rows, columns, classes="rows")

    def action_scroll(self, step: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=step, animate=False)


def _pair(left: str, right: str) -> Pair:
    return Pair(line(left).stylize("$text-accent"), told(right))
