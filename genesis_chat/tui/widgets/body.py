"""The text of a message: Markdown for replies, as it is for what a person wrote."""

import re

from textual.widgets import Markdown

from ...text import drawn
from .code import OPEN, Fence
from .lists import BulletList, OrderedList
from .shown import open_fence, parser
from .table import Table

_MARK = re.compile("```|~~~")


class ReplyBody(Markdown):
    """Markdown that grows.

    A fence that is still open is shown without colours, which cost more with every
    line; it gets them when it closes.
    """

    BLOCKS = {  # noqa: RUF012  # as in Textual's
        **Markdown.BLOCKS,
        "fence": Fence,
        "code_block": Fence,
        "table_open": Table,
        "bullet_list_open": BulletList,
        "ordered_list_open": OrderedList,
    }

    def __init__(self, text: str = "") -> None:
        # As it is drawn, and its last line as it came.
        self.text, self._line = drawn(text), _last_line(text)
        self._shown = self.text
        self._open = open_fence(self.text)
        super().__init__(self.text, parser_factory=parser, open_links=False)

    async def feed(self, text: str) -> None:
        """Show more text."""
        # A line is looked at as a whole: its end may say how its beginning is drawn.
        line = self.text.rfind("\n") + 1
        came = self._line + text
        self.text, self._line = self.text[:line] + drawn(came), _last_line(came)
        if _MARK.search(self.text, line):
            self._open = open_fence(self.text)
        shown = self.text
        if self._open:
            shown = f"{shown[: self._open[0]]}{OPEN} {shown[self._open[0] :]}"
        if shown.startswith(self._shown):
            await self.append(shown[len(self._shown) :])
        else:
            await self.update(shown)
        self._shown = shown

    async def settle(self, text: str) -> None:
        """Show the whole text, once it has come to its end."""
        self.text, self._line = drawn(text), _last_line(text)
        self._shown = self.text
        await self.update(self.text)


def _last_line(text: str) -> str:
    return text[text.rfind("\n") + 1 :]
