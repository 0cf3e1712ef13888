"""The open chat: its messages, and where the next one is written."""

import asyncio
import time

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import TextArea

from ...engine import Context, ModelFacts
from ...history import Conversation
from ...text import joined
from ..actions import first_key
from ..mixers import Legend
from ..services.history import History
from ..services.messages import ContextKnown, TurnBegan, TurnEnded, TurnEvent
from ..services.turns import Turns
from ..start import Start
from ..widgets.completion import Completion
from ..widgets.composer import Composer
from ..widgets.composer_panel import ComposerPanel
from ..widgets.find_line import FindLine
from ..widgets.message import MessageView
from ..widgets.notice import Notice
from ..widgets.transcript import Transcript
from ..widgets.waiting_line import WaitingLine
from ..widgets.welcome import FirstRun
from .chat_settings import ChatSettings
from .completing import Completing
from .find import Find
from .keeping import Keeping
from .message_actions import MessageActions
from .messages import ChatOpened, ContextShown, MessagesDeleted, ReplyFlushed
from .offers import Arguments
from .open_chat import OpenChat
from .opening import Opening
from .parts import Parts
from .pasting import paste
from .replies import Replies
from .welcoming import Welcoming

DRAFT_SECONDS = 0.5


class ChatPane(Vertical):
    """One chat at a time; it handles what a turn tells.

    Args:
        start: the options of this run.
        history: where conversations are kept.
        turns: runs turns.
        arguments: what may follow commands.
    """

    def __init__(
        self, start: Start, history: History, turns: Turns, arguments: Arguments
    ) -> None:
        super().__init__(id="chat")
        self._end = first_key("chat.end", start.keys)
        self.chat = OpenChat(start.settings, start.system)
        self.keeping = Keeping(self, history, turns)
        self.composer = Composer(start.enter_sends)
        self.welcoming = Welcoming(start, self.composer, self.chat)
        self.transcript = Transcript(self.welcoming.widget)
        self.composer_panel = ComposerPanel(self.composer)
        self.notice, self.legend = Notice(), Legend()
        self.waiting, self.completion = WaitingLine(), Completion()
        self.find_line = FindLine(start.keys)
        self.completing = Completing(
            self.composer,
            self.completion,
            {"set": lambda: self.settings.named(), **arguments},
        )
        self.parts = Parts(
            self,
            turns,
            self.chat,
            self.keeping,
            self.transcript,
            self.composer,
            start.keys,
        )
        self.settings = ChatSettings(self.parts, self.composer_panel)
        self.find = Find(self.parts, self.find_line)
        self.replies = Replies(
            self.parts, lambda: self.post_message(ReplyFlushed()), self.show_context
        )
        self.opening = Opening(
            self.parts, self.replies, opening=self._leave, shown=self._shown
        )
        self.actions = MessageActions(
            self.parts,
            self.replies,
            lambda id, at: self.open(id, at, private=self.chat.private),
            lambda id, gone: self.post_message(MessagesDeleted(id, gone)),
        )

    def compose(self) -> ComposeResult:
        yield self.transcript
        with Vertical(id="writing"):
            yield self.legend
            yield self.notice
            yield self.find_line
            yield self.waiting
            yield self.completion
            yield self.composer_panel

    def use_model(self, model: ModelFacts | None) -> None:
        """Replies come from another model."""
        self.parts.model, self.parts.preparing = model, ""
        self.settings.show()
        if model:
            self.parts.measure()

    def prepare_model(self, text: str) -> None:
        """Replies wait for a model that is loaded or prepared."""
        if not self.parts.preparing:
            self.parts.preparing_since = time.monotonic()
        self.parts.preparing = text
        self.replies.say_waiting()

    async def open(
        self,
        conversation: str = "",
        message: str = "",
        *,
        private: bool = False,
        words: str = "",
    ) -> bool:
        """Show a conversation, or a new one, at a message if one is given; whether so.

        The `words` that the message was found by stand out. A `private` one is a new
        one, or in the history of the private chat that is shown; what is in that is
        lost when another one is shown.
        """
        opened = await self.opening.open(conversation, message, private=private)
        if opened and words:
            await self.find.show(words, message)
        return opened

    def _leave(self) -> None:
        """Another chat is about to be shown."""
        self.find.leave()
        self.post_message(ChatOpened())
        self.post_message(ContextShown(None))

    def _shown(self, message: str) -> None:
        """Another chat is shown, at a message if one is given."""
        self.show_waiting()
        if not message:
            self.welcoming.focus(self.transcript)
        self.settings.show()

    async def submit(self, text: str) -> bool:
        """Send a message now, or once the reply that is being written has ended.

        Whether it was taken.
        """
        replies = self.replies
        taken = await (replies.wait(text) if replies.busy else replies.send(text))
        self.show_waiting()
        return taken

    def back(self) -> bool:
        """Leave what is being found, or put the last message that waits back.

        Into the composer, that is; whether there was either.
        """
        if self.find.on and not self.composer.has_focus:
            self.find.leave()
            self.composer.focus()
            return True
        if (text := self.replies.take_back()) is None:
            return False
        self.composer.write(joined(text, self.composer.draft))
        self.show_waiting()
        return True

    def show_waiting(self) -> None:
        """Show what waits, which Esc takes back before it stops the reply."""
        waiting = self.replies.waiting_here
        self.waiting.show(waiting)
        if view := self.replies.shown.view:
            view.stops(not waiting)
        self.screen.refresh_bindings()

    def show_context(self, context: Context) -> None:
        """How full the context of the open chat is."""
        self.chat.context = context
        self.post_message(ContextShown(context))

    def renamed(self, conversation: Conversation) -> None:
        """A conversation has another title."""
        if conversation.id == self.chat.id:
            self.chat.conversation = conversation

    @work(exclusive=True, group="draft")
    async def keep_draft_soon(self) -> None:
        """Keep what is being written once the keys pause."""
        await asyncio.sleep(DRAFT_SECONDS)
        await self.opening.keep_draft()

    @on(TextArea.Changed)
    def typed(self, event: TextArea.Changed) -> None:
        if event.text_area is self.composer:
            self.replies.shown.typed = time.monotonic()
            self.keep_draft_soon()
            self.completing.offer(self.composer.text)

    @on(Composer.Completing)
    def complete(self, event: Composer.Completing) -> None:
        if event.key == "enter":
            event.accepted = self.completing.accept(event.text)
        else:
            event.stop()
            self.completing.press(event.key)

    @on(MessageView.Go)
    async def go(self, event: MessageView.Go) -> None:
        event.stop()
        found = await self.transcript.step_from(
            event.view, event.step, questions=event.questions
        )
        if not found and event.step > 0:
            self.composer.focus()

    @on(MessageView.Asked)
    async def asked_of_message(self, event: MessageView.Asked) -> None:
        event.stop()
        await self.actions.do(event.what, event.view, event.code)

    @on(Composer.Copied)
    def copied(self, event: Composer.Copied) -> None:
        event.stop()
        self.actions.copy(event.text, "selection")

    @on(Composer.Pasting)
    def pasting(self, event: Composer.Pasting) -> None:
        event.stop()
        self.run_worker(paste(self.parts), group="paste", exclusive=True)

    @on(FirstRun.Picked)
    async def picked(self, event: FirstRun.Picked) -> None:
        event.stop()
        if not await self.submit(event.text):
            self.composer.write(joined(event.text, self.composer.draft))

    @on(Transcript.Mounted)
    def messages_mounted(self) -> None:
        view = self.replies.shown.view
        if view is None or not view.is_attached:
            self.replies.attach()

    @on(Transcript.Moved)
    def transcript_moved(self) -> None:
        """Say where the end of the conversation is while it is out of sight."""
        self.notice.more = f"↓ more · {self._end}" if self.transcript.away else ""

    @on(TurnBegan)
    async def began(self, event: TurnBegan) -> None:
        if self.replies.running and self.replies.running.unsent:
            self.composer.recall.remember(self.replies.running.unsent)
            self.welcoming.leave()
        await self.replies.began(event)

    @on(TurnEvent)
    def told(self, event: TurnEvent) -> None:
        self.replies.take(event.event)
        event.in_sight = self.replies.here
        event.reply = self.replies.running.id if self.replies.running else ""

    @on(TurnEnded)
    async def ended(self, event: TurnEnded) -> None:
        await self.replies.ended(event)
        self.show_waiting()

    @on(ContextKnown)
    async def context_known(self, event: ContextKnown) -> None:
        if event.conversation == self.chat.id:
            self.show_context(event.context)
            await self.parts.place_context_line()
