"""Showing a reply while it comes."""

import time

from textual import on
from textual.timer import Timer

from ..widgets.message import MessageView
from ..widgets.transcript import Transcript
from .opening import Opening

# How often a reply that is being written is shown anew.
FLUSH_SECONDS = 1 / 24
MEMORY_SECONDS = 2.0
# Keys go first: for so long after one the reply waits, but never longer than that.
AFTER_KEY_SECONDS, LONGEST_WAIT_SECONDS = 0.06, 0.25


class Streaming(Opening):
    """Gathers what comes of a reply and shows it 24 times a second.

    While nothing comes no timer runs.
    """

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.view: MessageView | None = None
        self.reply_id = ""
        self.written = self.thought = ""
        self.tokens = 0
        self.first: float | None = None
        # When the reply was asked for.
        self.asked = 0.0
        # When something was written in the composer, when the reply was shown, and
        # when the memory was looked at.
        self.typed = self.flushed = self.measured = 0.0
        self._beat: Timer | None = None

    def reattach(self) -> None:
        views = [v for v in self.transcript.views if self._is_written(v)]
        if self.turns.busy and views:
            self.view = views[-1]
            if rest := self.thought[len(self.view.thought_text) :]:
                self.think(self.view, rest)
            self.view.feed(self.written[len(self.view.text) :])
            self.flush_soon()
        elif self.turns.busy:
            self.view = None

    def _is_written(self, view: MessageView) -> bool:
        return bool(self.reply_id) and view.shown.message.id == self.reply_id

    @on(Transcript.Mounted)
    def messages_mounted(self) -> None:
        if self.view is None or not self.view.is_attached:
            self.reattach()

    @property
    def waiting(self) -> bool:
        """Whether something has come that is not shown yet."""
        return bool(self.view and self.view.waiting and self.view.is_attached)

    def think(self, view: MessageView, text: str) -> None:
        """Show more of what the model thinks, with the next beat."""
        seconds = time.monotonic() - self.asked
        view.think(text, seconds, self.tokens)
        self.flush_soon()

    def flush_soon(self) -> None:
        """Show what has come with the next beat."""
        if self._beat is None:
            self._beat = self.set_interval(FLUSH_SECONDS, self._on_beat)
        else:
            self._beat.resume()

    async def _on_beat(self) -> None:
        await self.flush()
        if self._beat and not self.waiting:
            self._beat.pause()

    async def flush(self) -> None:
        """Show what has come since the last time."""
        view, now = self.view, time.monotonic()
        if (
            now - self.typed < AFTER_KEY_SECONDS
            and now - self.flushed < LONGEST_WAIT_SECONDS
        ):
            return
        if view and view.waiting and view.is_attached:
            self.flushed = now
            await view.flush()
            # The reply may have ended meanwhile, and says more of itself then.
            if self.first and view is self.view:
                self.status.writing(self.tokens, time.monotonic() - self.first)
                view.say("")
        if now - self.measured > MEMORY_SECONDS:
            self._show_memory()

    def _show_memory(self) -> None:
        """How much the model's process holds: it changes only while it works."""
        self.measured = time.monotonic()
        self.status.memory(self.turns.memory())

    @on(Transcript.Moved)
    def transcript_moved(self) -> None:
        """Say where the end of the conversation is while it is out of sight."""
        key = self.start.keys.get("chat.end", "ctrl+end")
        more = f"more below: {key}" if self.transcript.away else ""
        if self.composer.border_title != more:
            self.composer.border_title = more
