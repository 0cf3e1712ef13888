"""Somebody at the interface's keys."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.message import Message
from textual.pilot import Pilot
from waiting import PATIENCE_SECONDS

from genesis_chat.history import Store, StoredMessage
from genesis_chat.tui.app import GenesisApp
from genesis_chat.tui.chat import ChatScreen
from genesis_chat.tui.chat.open_chat import OpenChat
from genesis_chat.tui.services.messages import TurnEnded
from genesis_chat.tui.widgets.message import MessageView

# What a model that is called "warned of" has to say of itself.
WARNING = "The Metal kernel fox_decode fails here: [b]it is off[/b]."


@dataclass
class Desk:
    """The application, somebody at its keys, and its history."""

    app: GenesisApp
    pilot: Pilot[Any]
    path: Path
    # Turns that are over.
    ended: int = 0

    def __post_init__(self) -> None:
        take = self.app.turns._post

        def count(message: Message) -> None:
            take(message)
            self.ended += isinstance(message, TurnEnded)

        self.app.turns._post = count

    @property
    def written(self) -> str:
        """What has come of the reply that is being written, or of the last one."""
        running = self.chat.pane.replies.running
        return running.text if running else self.open.last_reply or ""

    @property
    def thought(self) -> str:
        """The same of its thought."""
        running = self.chat.pane.replies.running
        return running.thought if running else ""

    @property
    def tokens(self) -> int:
        """How many tokens have come of the reply that is being written."""
        running = self.chat.pane.replies.running
        return running.tokens if running else 0

    @property
    def chat(self) -> ChatScreen:
        """The chat screen."""
        return self.app.chat

    @property
    def open(self) -> OpenChat:
        """The chat that is shown."""
        return self.chat.pane.chat

    @property
    def views(self) -> list[MessageView]:
        """The mounted messages."""
        return self.chat.transcript.views

    @property
    def texts(self) -> list[str]:
        """The texts of the mounted messages."""
        return [view.text for view in self.views]

    async def until(
        self, condition: Callable[..., object], *given: object, every: float = 0.01
    ) -> None:
        """Wait until something is so of what is given; look every so many seconds."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition(*given):
                await self.pilot.pause(every)

    async def press(self, *keys: str) -> None:
        """Press keys and let them work."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def idle(self) -> None:
        """Wait until no reply is being written and all of it is shown."""
        replies = self.chat.pane.replies
        await self.until(lambda: not self.app.turns.busy and not replies.busy)
        await self.until(lambda: not self._listing())
        await self.pilot.pause()

    def _listing(self) -> bool:
        """Whether the list of conversations is still being read."""
        return any(w.group == "list" and not w.is_finished for w in self.app.workers)

    async def say(self, text: str) -> None:
        """Write a message, send it and wait for the reply."""
        self.chat.composer.write(text)
        await self.turn("enter")

    async def command(self, text: str) -> None:
        """Write a command and send it."""
        self.chat.composer.write(text)
        await self.press("enter")

    async def dialog(self, *keys: str) -> None:
        """Press keys that open a dialog, and wait until it is there."""
        await self.press(*keys)
        await self.until(lambda: self.app.screen is not self.chat)
        await self.pilot.pause()

    async def closed(self) -> None:
        """Wait until no dialog covers the chat."""
        await self.until(lambda: self.app.screen is self.chat)
        await self.pilot.pause()

    def told(self, text: str) -> bool:
        """Whether a notice says so."""
        return any(text in each.message for each in self.app._notifications)

    async def turn(self, *keys: str) -> None:
        """Press keys that start a turn, and wait until it is over."""
        before = self.ended
        await self.press(*keys)
        await self.until(lambda: self.ended > before)
        await self.idle()

    def turns_begun(self) -> bool:
        """Whether a turn was ever asked for."""
        return self.chat.pane.replies.busy or self.ended > 0

    def stored(self) -> list[StoredMessage]:
        """The latest conversation's branch, as another program reads it."""
        with Store.open(self.path) as store:
            assert store.check() == []
            latest = store.latest()
            return store.branch(latest.id) if latest else []

    def seen(self) -> str:
        """All text on the screen."""
        lines = self.app.screen._compositor.render_strips()
        return "\n".join(line.text for line in lines)


Visit = Callable[[Desk], Awaitable[None]]


async def leave(app: GenesisApp) -> None:
    """End as the program ends, all that was typed being dealt with.

    Textual's tests take the screens away from keys that are still on their way.
    """
    app.exit()
    assert app._task
    await app._task
