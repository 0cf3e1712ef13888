"""Help: the keys as they are now, and the commands."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from ..chat.commands import COMMANDS
from ..widgets.shown import line


class Help(ModalScreen[None]):
    """Lists the keys that were given, which may have been changed."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,q", "dismiss", "Close"),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
    ]

    def __init__(self, groups: dict[str, list[tuple[str, str]]]) -> None:
        super().__init__()
        self._groups = groups

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog"):
            for title, rows in self._groups.items():
                yield Static(Content(title), classes="title")
                yield Static(_table(rows))
            yield Static(Content("Commands"), classes="title")
            yield Static(_table([(f"/{c.name} {c.usage}", c.help) for c in COMMANDS]))

    def action_scroll(self, step: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=step, animate=False)


def _table(rows: list[tuple[str, str]]) -> Content:
    width = max((len(left) for left, _ in rows), default=0) + 2
    lines = [
        Content.assemble((line(left).plain.ljust(width), "bold $accent"), right)
        for left, right in rows
    ]
    return Content("\n").join(lines)
