"""Showing a reply while it comes."""

import time
from collections.abc import Callable, Sequence

from textual.timer import Timer
from textual.widget import Widget

from ...engine import Text, Thought
from ..widgets.message import MessageView
from .running_reply import RunningReply

# How often a reply that is being written is shown anew.
FLUSH_SECONDS = 1 / 24
# Keys go first: for so long after one the reply waits, but never longer than that.
AFTER_KEY_SECONDS, LONGEST_WAIT_SECONDS = 0.06, 0.25


class ReplyView:
    """Gathers what comes of a reply and shows it 24 times a second.

    While nothing comes no timer runs. `view` is the message it is written into, None
    while another chat is shown.

    Args:
        pane: has the timer.
        flushed: is called when more of the reply is shown.
    """

    def __init__(self, pane: Widget, flushed: Callable[[], object]) -> None:
        self._pane, self._flushed = pane, flushed
        self.view: MessageView | None = None
        # When something was written in the composer, and when the reply was shown.
        self.typed = self._shown = 0.0
        self._beat: Timer | None = None

    @property
    def waiting(self) -> bool:
        """Whether something has come that is not shown yet."""
        return bool(self.view and self.view.waiting and self.view.is_attached)

    def attach(self, reply: RunningReply | None, views: Sequence[MessageView]) -> None:
        """Go on showing a reply, if one of the mounted messages is it."""
        self.view = None
        for view in views:
            if reply and reply.id and view.shown.message.id == reply.id:
                self.view = view
                if rest := reply.thought[len(view.thought_text) :]:
                    self._think(reply, rest)
                view.feed(reply.text[len(view.text) :])
                self._flush_soon()

    def feed(self, reply: RunningReply, piece: Text | Thought) -> None:
        """Show more of a reply with the next beat."""
        if self.view is None:
            return
        if isinstance(piece, Thought):
            self._think(reply, piece.text)
        else:
            self.view.feed(piece.text)
        self._flush_soon()

    async def flush(self) -> None:
        """Show what has come since the last time."""
        view, now = self.view, time.monotonic()
        if (
            now - self.typed < AFTER_KEY_SECONDS
            and now - self._shown < LONGEST_WAIT_SECONDS
        ):
            return
        if view and view.waiting and view.is_attached:
            self._shown = now
            await view.flush()
            # The reply may have ended meanwhile, and says more of itself then.
            if view is self.view:
                view.say("")
                self._flushed()

    def _think(self, reply: RunningReply, text: str) -> None:
        assert self.view
        self.view.think(text, time.monotonic() - reply.asked, reply.tokens)

    def _flush_soon(self) -> None:
        if self._beat is None:
            self._beat = self._pane.set_interval(FLUSH_SECONDS, self._on_beat)
        else:
            self._beat.resume()

    async def _on_beat(self) -> None:
        await self.flush()
        if self._beat and not self.waiting:
            self._beat.pause()
