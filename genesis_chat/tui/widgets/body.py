"""The text of a message: Markdown for replies, as it is for what a person wrote."""

import re

from textual.widgets import Markdown

from ...text import sanitize
from ..shown import open_fence, parser

_MARK = re.compile("```|~~~")


class ReplyBody(Markdown):
    """Markdown that grows.

    A fence that is still open is shown without colours, which cost more with every
    line; it gets them when it closes.
    """

    def __init__(self, text: str = "") -> None:
        self.text = sanitize(text)
        self._shown = self.text
        self._open = open_fence(self.text)
        super().__init__(self.text, parser_factory=parser, open_links=False)

    async def feed(self, text: str) -> None:
        """Show more text."""
        line = self.text.rfind("\n") + 1
        self.text += sanitize(text)
        if _MARK.search(self.text, line):
            self._open = open_fence(self.text)
        shown = self.text
        if self._open:
            shown = f"{shown[: self._open[0]]}text{shown[self._open[1] :]}"
        if shown.startswith(self._shown):
            await self.append(shown[len(self._shown) :])
        else:
            await self.update(shown)
        self._shown = shown

    async def settle(self, text: str) -> None:
        """Show the whole text, once it has come to its end."""
        self.text = self._shown = sanitize(text)
        await self.update(self.text)
