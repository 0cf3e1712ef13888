"""Messages that wait for a reply to end, above the composer."""

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from ...text import counted
from .shown import line


class WaitingLine(Static):
    """The last message that waits, and how many do; hidden when none does."""

    def __init__(self) -> None:
        super().__init__(markup=False)

    def show(self, texts: Sequence[str]) -> None:
        """Show messages, the last one as far as there is room."""
        self.display = bool(texts)
        if texts:
            many = counted(len(texts), "message")
            count = f"{many} wait" if texts[1:] else "Waiting"
            told = Content.assemble((f"{count} · Esc edit · ", "bold"))
            self.update(Content.assemble(told, line(texts[-1])))
