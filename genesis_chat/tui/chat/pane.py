"""The open chat: its messages, and where the next one is written."""

import asyncio
import time

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import TextArea

from ...engine import Context, ModelFacts
from ...history import Conversation, Store
from ..actions import action, key_name, keys_of
from ..mixers import Legend
from ..services.contents import Contents, read_contents
from ..services.history import History
from ..services.messages import ContextKnown, TurnBegan, TurnEnded, TurnEvent
from ..services.turns import Turns
from ..start import Start
from ..widgets.asking import Asking
from ..widgets.completion import Completion
from ..widgets.composer import Composer
from ..widgets.composer_panel import ComposerPanel
from ..widgets.message import MessageView
from ..widgets.notice import Notice
from ..widgets.transcript import Transcript
from ..widgets.waiting_line import WaitingLine
from ..widgets.welcome import FirstRun, Prompts
from .chat_settings import ChatSettings
from .completing import Completing
from .drafts import FOLDS, Drafts, joined
from .matches import Matches
from .message_actions import MessageActions
from .messages import ChatOpened, ContextShown, MessagesDeleted, ReplyFlushed
from .offers import Arguments
from .open_chat import OpenChat
from .parts import Parts
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
        self._end = key_name(keys_of(action("chat.end"), start.keys)[0])
        self.chat = OpenChat(start.settings, start.system)
        self.ask = Asking(self, history)
        self.drafts = Drafts(self.ask)
        self.composer = Composer(start.enter_sends)
        self.welcoming = Welcoming(start, self.composer)
        self.transcript = Transcript(self.welcoming.widget)
        self.composer_panel = ComposerPanel(self.composer)
        self.notice, self.legend = Notice(), Legend()
        self.waiting, self.completion = WaitingLine(), Completion()
        self.completing = Completing(
            self.composer,
            self.completion,
            {"set": lambda: self.settings.named(), **arguments},
        )
        self.parts = Parts(
            self,
            self.ask,
            turns,
            self.chat,
            self.drafts,
            self.transcript,
            self.composer,
        )
        self.matches = Matches(self.parts)
        self.settings = ChatSettings(self.parts, self.composer_panel)
        self.replies = Replies(
            self.parts, lambda: self.post_message(ReplyFlushed()), self.show_context
        )
        self.actions = MessageActions(
            self.parts,
            self.replies,
            self.open,
            lambda id, gone: self.post_message(MessagesDeleted(id, gone)),
        )
        # Before the first chat is shown the empty composer is nobody's draft.
        self.shown_once = False
        self._opening = asyncio.Lock()
        # The conversation that was open before, empty if none was.
        self.before = ""

    def compose(self) -> ComposeResult:
        yield self.transcript
        with Vertical(id="writing"):
            yield self.legend
            yield self.notice
            yield self.waiting
            yield self.completion
            yield self.composer_panel

    def use_model(self, model: ModelFacts | None) -> None:
        """Replies come from another model."""
        self.parts.model, self.parts.preparing = model, ""
        self.settings.show()
        if model:
            self.parts.measure()

    async def open(self, conversation: str = "", message: str = "") -> bool:
        """Show a conversation, or a new one; at a message if one is given."""
        async with self._opening:
            before, folded = "", self.composer.folded
            if self.shown_once:
                # What is typed from here on, or since the command for it was sent, is
                # for the one that is opened.
                if not self.composer.on_its_way:
                    before = self.composer.draft
                    self.composer.write("")
                waiting = self.replies.waiting_here if self.chat.id else []
                text = joined(*waiting, before)
                await self.drafts.keep(self.chat.id, text, folded if text else ())
            else:
                await self.drafts.take_unsent(conversation)
            if await self._open(conversation, message):
                return True
            self.composer.write(joined(before, self.composer.draft), folded)
            return False

    async def _open(self, conversation: str, message: str) -> bool:
        def read(store: Store) -> tuple[Contents | None, str, str]:
            found = None
            if conversation:
                found = read_contents(store, conversation, message)
            folds = store.draft(conversation + FOLDS)
            return found, store.draft(conversation), folds

        answer = await self.ask(read)
        if answer is None and conversation:
            return False
        contents, draft, folds = answer or (None, "", "")
        if self.chat.id and self.chat.id != conversation:
            self.before = self.chat.id
        self.chat.open(contents)
        folded = self.drafts.opened(conversation, draft, folds)
        # What waits to be sent is kept with the draft, and shown above the composer.
        waiting = joined(*self.replies.waiting.texts(conversation or None))
        draft = draft.removeprefix(waiting).lstrip("\n") if waiting else draft
        self.replies.leave()
        self.matches.leave()
        if self.chat.loses_seed:
            self.parts.tell(
                "This chat's seed was invalid and is left out; F4 sets another."
            )
        self.post_message(ChatOpened())
        self.post_message(ContextShown(None))
        await self.transcript.show(self.parts.listed(replying=self.replies.here))
        self.replies.attach()
        self.show_waiting()
        # Something may have been typed meanwhile.
        folded += self.composer.folded
        self.composer.write(joined(draft, self.composer.draft), folded)
        self.shown_once = True
        if message:
            await self.transcript.reveal(message)
        else:
            self.welcoming.focus(self.transcript)
        self.settings.show()
        self.parts.measure()
        return True

    async def submit(self, text: str) -> None:
        """Send a message now, or once the reply that is being written has ended."""
        busy = self.replies.busy
        if not await (self.replies.wait(text) if busy else self.replies.send(text)):
            self.composer.give_back()
        self.show_waiting()

    def take_back(self) -> bool:
        """Put the last message that waits back into the composer, if there is one."""
        if (text := self.replies.take_back()) is None:
            return False
        self.composer.write(joined(text, self.composer.draft))
        self.show_waiting()
        return True

    def show_waiting(self) -> None:
        """Show what waits."""
        self.waiting.show(self.replies.waiting_here)

    def show_context(self, context: Context) -> None:
        """How full the context of the open chat is."""
        self.chat.context = context
        self.post_message(ContextShown(context))

    def renamed(self, conversation: Conversation) -> None:
        """A conversation has another title."""
        if conversation.id == self.chat.id:
            self.chat.conversation = conversation

    async def keep_draft(self) -> None:
        """Keep what is being written with the conversation it belongs to."""
        async with self._opening:
            if self.shown_once:
                folded = self.composer.folded
                await self.drafts.keep(self.chat.id, self.replies.draft, folded)

    async def load_questions(self) -> None:
        """What was asked before, for the composer to recall."""
        self.composer.set_questions(await self.ask(lambda s: s.questions()) or [])

    @work(exclusive=True, group="draft")
    async def keep_draft_soon(self) -> None:
        """Keep what is being written once the keys pause."""
        await asyncio.sleep(DRAFT_SECONDS)
        await self.keep_draft()

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

    @on(FirstRun.Picked)
    async def picked(self, event: FirstRun.Picked) -> None:
        event.stop()
        await self.submit(event.text)

    @on(Prompts.Typed)
    def typed_elsewhere(self, event: Prompts.Typed) -> None:
        event.stop()
        self.composer.focus()
        self.composer.insert(event.text)

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
            self.composer.remember(self.replies.running.unsent)
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
