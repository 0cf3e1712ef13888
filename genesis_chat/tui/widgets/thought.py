"""What a model thought before a reply: one line, and the text below it while open."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from .body import ReplyBody
from .menu_request import wants_menu
from .shown import line


class ThoughtView(Vertical):
    """A thought that can be folded; folded from the beginning it lays no text out."""

    class Clicked(Message):
        """The line was clicked."""

    def __init__(self, text: str, *, opened: bool) -> None:
        super().__init__()
        # What is shown of the text, or would be if it was open.
        self.text = text
        self.opened = opened
        self.pending: list[str] = []
        self._label = self._shown = ""
        self._line = Static(classes="label", markup=False)
        self._body = ReplyBody(text) if opened else None

    def compose(self) -> ComposeResult:
        yield self._line
        if self._body:
            yield self._body

    def say(self, label: str) -> None:
        """The line: what the thought is."""
        self._label = label
        shown = f"{'▾' if self.opened else '▸'} {label}"
        # Laying a line out anew costs as much as some words of the thought.
        if shown != self._shown:
            self._shown = shown
            self._line.update(line(shown))

    def feed(self, text: str) -> None:
        """More of it; shown with the next `flush`."""
        self.text += text
        self.pending.append(text)

    async def flush(self) -> None:
        """Show what was fed."""
        text = "".join(self.pending)
        self.pending.clear()
        if text and self._body:
            await self._body.feed(text)

    async def settle(self, text: str) -> None:
        """Show the whole text, once it has come to its end."""
        stale = bool(self.pending) or text != self.text
        self.pending.clear()
        self.text = text
        if stale and self._body:
            await self._body.settle(text)

    async def fold(self, *, opened: bool) -> None:
        """Show the text or only the line."""
        self.opened = opened
        if self._body:
            self._body.display = opened
        elif opened:
            self.pending.clear()
            self._body = ReplyBody(self.text)
            await self.mount(self._body)
        self.say(self._label)

    def on_click(self, event: Click) -> None:
        if event.widget is self._line and not wants_menu(event):
            self.post_message(self.Clicked())
