"""Help: the keys as they are now, and the commands."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from ..widgets.shown import line
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
        self._groups = groups

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog"):
            yield TitleRow("Keys and commands")
            for title, rows in self._groups.items():
                yield Static(Content(title), classes="group")
                yield Static(_table(rows), classes="rows")

    def action_scroll(self, step: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=step, animate=False)


def _table(rows: Sequence[tuple[str, str]]) -> Content:
    width = max(20, *(len(left) + 2 for left, _ in rows)) if rows else 0
    lines = [
        Content.assemble((line(left).plain.ljust(width), "$text-accent"), right)
        for left, right in rows
    ]
    return Content("\n").join(lines)
