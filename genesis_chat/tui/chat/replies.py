"""Turns, from the message that is sent to the reply that is kept."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from ...engine import Context, Dropped, Event, Finished, PromptProgress, Text, Thought
from ...history import Role, StoredMessage
from ...speaker import speaker_of_reply
from ...text import counted, joined
from ..services.contents import Contents
from ..services.messages import TurnBegan, TurnEnded
from ..services.turns import Turn
from ..widgets.shown_message import Shown
from .parts import Parts
from .reply_view import ReplyView
from .running_reply import RunningReply
from .waiting import Waiting

BUSY = "Still replying. Press Esc to stop."
WAITING = "waiting for the model"


class Replies:
    """Runs one turn at a time and shows it.

    Args:
        parts: the open chat and its widgets.
        flushed: is called when more of a reply is shown.
        context: is called when it is known how full the context is.
    """

    def __init__(
        self,
        parts: Parts,
        flushed: Callable[[], object],
        context: Callable[[Context], object],
    ) -> None:
        self._parts, self._tell_context = parts, context
        self.shown = ReplyView(parts.pane, flushed)
        self.running: RunningReply | None = None
        self.waiting = Waiting()

    @property
    def busy(self) -> bool:
        """Whether a reply is being written."""
        return self.running is not None

    @property
    def here(self) -> bool:
        """Whether one is being written in the chat that is shown."""
        running = self.running
        return running is not None and running.is_of(self._parts.chat.id)

    def is_replying_in(self, conversation: str) -> bool:
        """Whether one is being written in a conversation."""
        return bool(self.running and self.running.conversation == conversation)

    async def send(self, text: str) -> bool:
        """Send a message; whether it was taken."""
        chat = self._parts.chat
        last = chat.branch[-1].id if chat.branch else None
        question = _new("user", text, last)
        turn = chat.turn(content=text, readings=self._parts.watched)
        return await self.begin(turn, [*chat.branch, question])

    @property
    def draft(self) -> str:
        """What is written and not sent in the chat that is shown."""
        waiting = self.waiting.texts(self._place)
        return joined(*waiting, self._parts.composer.draft)

    @property
    def waiting_here(self) -> list[str]:
        """Messages of the chat that is shown that wait for a reply to end."""
        return self.waiting.texts(self._place)

    @property
    def _place(self) -> str | None:
        """Where messages of the chat that is shown wait, None where none can."""
        place = self._parts.chat.id
        return place if place or self.here else None

    async def wait(self, text: str) -> bool:
        """Send a message once the reply that is being written has ended."""
        place = self._place
        if place is None:
            self._parts.tell(BUSY)
            return False
        turn = self._parts.chat.turn(content=text, readings=self._parts.watched)
        self.waiting.add(place, turn)
        await self._parts.drafts.keep(place, self.draft)
        return True

    def take_back(self) -> str | None:
        """The last message that waits in the chat that is shown; it waits no longer."""
        return self.waiting.take_back(self._place)

    async def begin(self, turn: Turn, branch: Sequence[StoredMessage]) -> bool:
        """Show the branch that a reply will follow, and ask for the reply."""
        parts = self._parts
        if self.busy:
            parts.tell(BUSY)
            return False
        resumed = branch[-1] if turn.kind == "resume" else None
        so_far = (resumed.content, resumed.thought) if resumed else ()
        self.running = RunningReply(turn, *so_far)
        if turn.content:
            # A model may still be loading: until it is in the history it must not be
            # lost.
            await parts.drafts.send(turn.content, parts.chat.id, self.draft)
        await self._show(branch, resumed is not None)
        parts.pane.screen.refresh_bindings()
        parts.turns.run(turn)
        return True

    async def _show(self, branch: Sequence[StoredMessage], resumed: bool) -> None:
        parts, transcript = self._parts, self._parts.transcript
        messages = parts.listed(branch, replying=True)
        kept = [each for each in messages if each.message.id]
        await transcript.cut(kept)
        if resumed:
            await transcript.go_to(end=True)
            view = transcript.views[-1]
        else:
            for new in messages[len(kept) :]:
                await transcript.add(new)
            model = parts.model
            speaker = speaker_of_reply(model.name if model else parts.opening, model)
            view = await transcript.add(Shown(_new("assistant", "", None), speaker))
        transcript.anchor()
        # The message that had the focus may be gone.
        parts.composer.focus()
        self.shown.view = view
        self.say_waiting()

    def leave(self) -> None:
        """Another chat is shown."""
        self.shown.view = None
        if self.running:
            self.running.left()

    def leave_private(self) -> None:
        """A private chat is gone, with what is written in it."""
        self.waiting.drop_private()
        if self.running and self.running.turn.private:
            self.running.unsent = ""
            self._parts.turns.stop()

    def attach(self) -> None:
        """Go on showing the reply, if it is in the chat that is shown."""
        if self.running:
            self.shown.attach(self.running, self._parts.transcript.views)

    async def began(self, event: TurnBegan) -> None:
        """The message and its reply are in the history."""
        parts, running = self._parts, self.running
        assert running
        id, new = event.contents.conversation.id, running.beginning
        here = new or parts.chat.id == id
        running.began(id, event.reply)
        self.waiting.began(id)
        if not here:
            return
        parts.chat.follow(event.contents)
        if new:
            await parts.drafts.move(id, self.draft)
        await parts.transcript.cut(parts.listed())
        if self.shown.view is None:
            self.attach()
        self.say_waiting()

    def say_waiting(self, text: str = "") -> None:
        """Say under the reply what it waits for, until something of it comes."""
        if self.shown.view and self.running and not self.running.first:
            preparing = "" if text else self._parts.preparing
            # A model that is prepared takes as long here as it does in the header.
            since = self._parts.preparing_since if preparing else self.running.asked
            stops = not self.waiting_here
            self.shown.view.wait(text or preparing or WAITING, since, stops)

    def take(self, event: Event) -> None:
        """What the engine tells."""
        match event:
            case Text() | Thought():
                assert self.running
                self.running.take(event)
                self.shown.feed(self.running, event)
            case PromptProgress(done, total):
                self.say_waiting(f"reading prompt {done:,}/{total:,}")
            case Dropped(exchanges):
                many = counted(exchanges, "oldest exchange")
                what = "oldest exchange" if exchanges == 1 else many
                self._parts.tell(f"Context full: the {what} dropped out.")
            case Finished(_, Context() as context) if self.here:
                self._tell_context(context)

    async def ended(self, event: TurnEnded) -> None:
        """The turn is over; what did not get into the history is to be sent again."""
        parts, running = self._parts, self.running
        view, self.shown.view = self.shown.view, None
        assert running
        contents = event.contents
        id = contents.conversation.id if contents else ""
        if contents and (running.beginning or parts.chat.id == id):
            parts.chat.follow(contents)
            latest = parts.listed()
            await parts.transcript.cut(latest)
            # Only now it is known which messages the model read.
            await parts.place_context_line()
            last = latest[-1] if latest else None
            if view and view.is_attached and last and last.message.id == running.id:
                await view.settle(last)
        elif view and not parts.chat.id:
            await parts.transcript.cut([])
        if view and view.is_attached and not running.id:
            # Nothing began, and what stood below the message holds again.
            view.show(view.shown)
        if event.error:
            await self._stop_waiting()
        self.running = None
        parts.pane.screen.refresh_bindings()
        keeper = parts.keeping.of(running.turn)
        if running.unsent and keeper:
            place = id or running.conversation
            if place == parts.chat.id:
                text = joined(running.unsent, parts.composer.draft)
                await parts.drafts.send("", place, text)
                parts.composer.write(joined(running.unsent, parts.composer.draft))
            else:
                await keeper.drafts.give_back(running.unsent, place)
        if event.error:
            parts.tell(event.error, error=True)
        else:
            await self._send_next(contents)

    async def _send_next(self, ended: Contents | None) -> None:
        """Send the first message that waits, also in a chat that is not shown."""
        message = self.waiting.next()
        if message is None:
            return
        if message.place == self._parts.chat.id:
            await self.send(message.turn.content)
            return
        turn = message.turn
        if ended and ended.conversation.id == message.place and ended.branch:
            turn = replace(turn, conversation=message.place, head=ended.branch[-1].id)
        self.running = RunningReply(turn)
        self.running.left()
        rest = joined(*self.waiting.texts(message.place))
        if keeper := self._parts.keeping.of(turn):
            await keeper.drafts.send(turn.content, message.place, rest)
        self._parts.turns.run(turn)

    async def _stop_waiting(self) -> None:
        """Nothing is sent by itself after an error: what waits is a draft again."""
        parts, texts = self._parts, self.waiting_here
        while self.waiting.next():
            pass
        if texts:
            parts.composer.write(joined(*texts, parts.composer.draft))
            await parts.drafts.keep(parts.chat.id, parts.composer.draft)


def _new(role: Role, content: str, parent: str | None) -> StoredMessage:
    """A message that is not in the history yet."""
    return StoredMessage(
        id="",
        conversation="",
        parent=parent,
        role=role,
        content=content,
        status="complete",
        created=time.time_ns() // 1_000_000,
        token_ids=(),
        receipt=None,
    )
