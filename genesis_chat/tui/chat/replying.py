"""Sending messages, and showing replies while they come."""

import time
from typing import Any

from textual import on

from ...chat import starts_of
from ...engine import (
    Context,
    Dropped,
    Event,
    Finished,
    PromptProgress,
    Text,
    Thought,
)
from ...engine.speaker import speaker_of_reply
from ...history import Store, StoredMessage
from ..messages import (
    ModelFailed,
    ModelOpening,
    ModelPreparing,
    ModelReady,
    TurnBegan,
    TurnEnded,
    TurnEvent,
)
from ..services.turns import UNSENT, Turn
from ..widgets.composer import Composer
from ..widgets.shown_message import Shown
from .base import shown
from .opening import joined
from .streaming import Streaming

BUSY = "A reply is being written; Esc stops it."


class Replying(Streaming):
    """Runs turns, from the message that is sent to the reply that is kept."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        # Turns whose end is shown; as many as are over when nothing is left to do.
        self.settled = 0
        self.unsent = ""
        # The settings of a chat that is beginning, to be kept with it.
        self.begun_with: dict[str, Any] = {}
        # Whether a chat that is beginning is still the one that is shown.
        self.beginning = False

    @on(Composer.Sent)
    async def send(self, event: Composer.Sent) -> None:
        try:
            await self.send_text(event.text)
        finally:
            self.composer.settle()

    async def send_text(self, text: str) -> None:
        """Do what a text says, or send it; it is in the composer no longer."""
        if await self.command(text):
            return
        if self.turns.busy:
            self.tell(BUSY)
            self.composer.give_back()
            return
        turn = self.turn(content=text)
        question = _new("user", text, self.branch[-1].id if self.branch else None)
        await self.begin(turn, [*self.branch, question])

    @on(Composer.Refused)
    def refused(self, event: Composer.Refused) -> None:
        """Enter, while what was sent before was still on its way."""
        if self.turns.busy:
            self.tell(BUSY)
        elif self.composer.whole == event.text:
            self.composer.send()

    async def command(self, text: str) -> bool:
        """Do what a slash command says; whether the text was one."""
        return False

    async def begin(self, turn: Turn, branch: list[StoredMessage]) -> None:
        """Show the branch that a reply will follow, and ask for the reply."""
        if self.turns.busy:
            self.tell(BUSY)
            return
        if turn.content:
            # A model may still be loading: until it is in the history it must not be
            # lost.
            drafts = {UNSENT: turn.content, self.place: self.composer.draft}
            await self.ask(lambda store: store.set_drafts(drafts))
        self.unsent = turn.content
        self.replying_in, self.reply_id = turn.conversation, ""
        self.beginning = turn.conversation is None
        self.begun_with = dict(self.changed) if self.beginning else {}
        self.written, self.thought, self.tokens, self.first = "", "", 0, None
        model = self.genesis.model
        listed = shown(branch, self.known, model=model, replying=True)
        kept = [each for each in listed if each.message.id]
        await self.transcript.cut(kept)
        if turn.kind == "resume":
            last = branch[-1]
            await self.transcript.go_to(end=True)
            self.view = self.transcript.views[-1]
            self.written, self.thought = self.view.text, last.thought
        else:
            for new in listed[len(kept) :]:
                await self.transcript.add(new)
            speaker = speaker_of_reply(model.name if model else None, model)
            new = Shown(_new("assistant", "", None), speaker)
            self.view = await self.transcript.add(new)
        self.transcript.anchor()
        # The message that had the focus may be gone.
        self.composer.focus()
        self.view.say("...")
        self.asked = time.monotonic()
        self.turns.run(turn)

    def left_behind(self) -> None:
        self.beginning = False

    def _is_open(self, conversation: str) -> bool:
        return self.conversation is not None and self.conversation.id == conversation

    @on(TurnBegan)
    async def began(self, event: TurnBegan) -> None:
        new = self.beginning
        here = new or self._is_open(event.conversation)
        self.replying_in, self.reply_id = event.conversation, event.reply
        self.unsent = ""
        changed, self.begun_with = self.begun_with, {}

        def keep(store: Store) -> None:
            if new:
                store.set_draft("", "")
            if changed:
                store.set_settings(event.conversation, changed)

        await self.ask(keep)
        await self._take_up(event.conversation)
        if here:
            await self.keep_draft()
            await self._read(event.reply)
            await self.transcript.cut(
                shown(self.branch, self.known, model=self.genesis.model)
            )
            if self.view is None:
                self.reattach()
            if self.view:
                self.view.say("...")
        self.list_conversations()

    @on(TurnEvent)
    async def told(self, event: TurnEvent) -> None:
        self.watch_event(event.event)
        match event.event:
            case PromptProgress() as progress:
                self.status.reading(progress)
            case Text(text, ids):
                self.first = self.first or time.monotonic()
                self.tokens += len(ids)
                self.written += text
                if self.view:
                    self.view.feed(text)
                    self.flush_soon()
            case Thought(text, ids):
                self.first = self.first or time.monotonic()
                self.tokens += len(ids)
                self.thought += text
                if self.view:
                    self.think(self.view, text)
            case Dropped(exchanges):
                what = "1 exchange" if exchanges == 1 else f"{exchanges} exchanges"
                self.tell(f"To make room, the oldest {what} left the context.")
            case Finished(reply, context):
                self.status.finished(reply)
                if context:
                    await self.show_context(context)

    def watch_event(self, event: Event) -> None:
        """Anything that came of a reply."""

    @on(TurnEnded)
    async def ended(self, event: TurnEnded) -> None:
        view, self.view = self.view, None
        await self._take_up(event.conversation)
        if event.conversation and self._is_open(event.conversation):
            await self._read(None)
            latest = shown(self.branch, self.known, model=self.genesis.model)
            await self.transcript.cut(latest)
            last = latest[-1] if latest else None
            if view and view.is_attached and last and last.message.id == self.reply_id:
                await view.settle(last)
        elif view and not self.conversation:
            await self.transcript.cut([])
        if view and view.is_attached and not self.reply_id:
            # Nothing began, and what stood below the message holds again.
            view.show(view.shown)
        if self.unsent:
            await self._give_back(event.conversation or "")
        if event.error:
            self.tell(event.error, error=True)
        self._show_memory()
        self.list_conversations()
        await self.load_questions()
        self.settled += 1
        self.tidy_soon()

    async def show_context(self, context: object) -> None:
        if isinstance(context, Context):
            self.context = context
            self.status.context(context)
            starts = starts_of(self.branch)
            place = starts[context.left_out] if context.left_out < len(starts) else 0
            await self.transcript.set_left_out(place if context.left_out else 0)

    @on(ModelOpening)
    def model_opening(self, event: ModelOpening) -> None:
        self.status.note(f"loading {event.name or 'the model'} ...")

    @on(ModelPreparing)
    def model_preparing(self, event: ModelPreparing) -> None:
        self.status.note(event.text)

    @on(ModelReady)
    def model_ready(self, event: ModelReady) -> None:
        self.status.model(event.facts)
        self.genesis.model = event.facts
        for warning in event.facts.warnings:
            self.tell(warning, error=True)
        self._show_memory()
        self.turns.measure(self.turn())

    @on(ModelFailed)
    def model_failed(self, event: ModelFailed) -> None:
        self.genesis.model = event.still
        if event.still:
            self.status.model(event.still)
        else:
            self.status.note("no model")
        self.tell(event.sentence, error=True)

    async def _read(self, head: str | None) -> None:
        """Read the branch anew."""
        assert self.conversation
        id = self.conversation.id
        found = await self.ask(
            lambda s: (s.find(id), s.messages(id), s.branch(id, head))
        )
        if found:
            self.conversation, self.known, self.branch = found

    async def _take_up(self, conversation: str | None) -> None:
        """The chat that was beginning is in the history now."""
        if self.beginning and conversation:
            self.beginning = False
            self.conversation = await self.ask(lambda s: s.find(conversation))
            self.show_title()

    async def _give_back(self, place: str) -> None:
        """A message that did not get into the history is to be sent again."""
        text, self.unsent = self.unsent, ""
        if place == self.place:
            self.composer.write(joined(text, self.composer.draft))
            drafts = {UNSENT: "", place: self.composer.draft}
            await self.ask(lambda store: store.set_drafts(drafts))
        else:
            await self.ask(
                lambda s: s.set_drafts(
                    {UNSENT: "", place: joined(text, s.draft(place))}
                )
            )


def _new(role: str, content: str, parent: str | None) -> StoredMessage:
    """A message that is not in the history yet."""
    return StoredMessage(
        id="",
        conversation="",
        parent=parent,
        role=role,  # type: ignore[arg-type]  # one of the roles
        content=content,
        status="complete",
        created=time.time_ns() // 1_000_000,
        token_ids=(),
        receipt=None,
    )
