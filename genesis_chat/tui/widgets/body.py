"""The text of a message: Markdown for replies, as it is for what a person wrote."""

from markdown_it import MarkdownIt
from textual.widgets import Markdown

from ...text import sanitize
from ..shown import open_fence


def _parser() -> MarkdownIt:
    # HTML is shown as the text it is, and only what is written as a link is one.
    return MarkdownIt("gfm-like", {"html": False, "linkify": False})


class ReplyBody(Markdown):
    """Markdown that grows.

    A fence that is still open is shown without colours, which cost more with every
    line; it gets them when it closes.
    """

    def __init__(self, text: str = "") -> None:
        self.text = sanitize(text)
        self._shown = self.text
        super().__init__(self.text, parser_factory=_parser, open_links=False)

    async def feed(self, text: str) -> None:
        """Show more text."""
        self.text += sanitize(text)
        shown = self.text
        if language := open_fence(shown):
            shown = f"{shown[: language[0]]}text{shown[language[1] :]}"
        if shown.startswith(self._shown):
            await self.append(shown[len(self._shown) :])
        else:
            await self.update(shown)
        self._shown = shown

    async def settle(self, text: str) -> None:
        """Show the whole text, once it has come to its end."""
        self.text = self._shown = sanitize(text)
        await self.update(self.text)
