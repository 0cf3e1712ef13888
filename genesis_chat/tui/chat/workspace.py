"""The parts of the chat screen, and who hears of what."""

import asyncio
import gc
import time

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from ...engine import Finished, ModelFacts, PromptProgress
from ..chat_list.messages import Renamed
from ..chat_list.pane import ChatList
from ..mixers import MixersPanel
from ..services.history import History
from ..services.messages import TurnBegan, TurnEnded, TurnEvent
from ..services.turns import Turns
from ..start import Start
from ..widgets.footer import Footer
from ..widgets.header import Header
from ..widgets.menu_request import MenuWanted
from .context_menu import offer_menu
from .hints import key_of, offered
from .messages import ChatOpened, ContextShown, ReplyFlushed
from .offers import Arguments
from .pane import ChatPane
from .watching import Watching

MEMORY_SECONDS = 2.0
# So long after a turn or a change of chat nobody waits for the screen.
TIDY_SECONDS = 2.0


class Workspace(Vertical):
    """The list of chats, the open one, the mixers, and figures about them.

    Args:
        start: the options of this run.
        history: where conversations are kept.
        turns: runs turns.
        arguments: what may follow commands.
    """

    def __init__(
        self, start: Start, history: History, turns: Turns, arguments: Arguments
    ) -> None:
        super().__init__()
        self._start, self._turns = start, turns
        self.pane = ChatPane(start, history, turns, arguments)
        self.chats = ChatList(
            history, self.pane.replies.is_replying_in, self.pane.composer.set_aside
        )
        self.panel = MixersPanel()
        self.header, self.footer = Header(), Footer()
        self.watching = Watching(self, self.pane.parts, self.panel, self.pane.legend)
        # When the memory was looked at.
        self._measured = 0.0

    def compose(self) -> ComposeResult:
        yield self.header
        with Horizontal(id="columns"):
            yield self.chats
            yield self.pane
            yield self.panel
        yield self.footer

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self._hint())
        self._hint()

    def _hint(self) -> None:
        """Name the keys for what has the focus."""
        replies = self.pane.replies
        stops = replies.busy and not replies.waiting_here
        messages = bool(self.pane.chat.branch) or replies.here
        keys = self._start.keys
        self.footer.hints(offered(self.screen, keys, stops=stops, messages=messages))

    @on(Footer.Pressed)
    def hint_pressed(self, event: Footer.Pressed) -> None:
        if key := key_of(self.screen, self._start.keys, event.word):
            self.app.call_later(self.app.simulate_key, key)

    def prepare_model(self, text: str) -> None:
        """A model is loaded or prepared."""
        self.header.wait(text)
        self.pane.prepare_model(text)

    def use_model(self, model: ModelFacts | None) -> None:
        """The model that is loaded now, None while there is none."""
        if model:
            self.header.model(model)
        else:
            self.header.none()
        self.show_memory()
        self.pane.use_model(model)

    def _show_title(self) -> None:
        self.header.title(
            self.pane.chat.title, private=self._start.private or self.pane.chat.private
        )

    def show_memory(self) -> None:
        """How much the model's process holds: it changes only while it works."""
        self._measured = time.monotonic()
        self.header.memory(self._turns.memory())

    @work(exclusive=True, group="tidy")
    async def _tidy_soon(self) -> None:
        """Collect garbage in a pause, and set aside what stays.

        A full collection takes as long as some keys have; those that come by
        themselves while a reply streams then look only at what is new.
        """
        await asyncio.sleep(TIDY_SECONDS)
        if not self.pane.replies.busy:
            gc.unfreeze()
            gc.collect()
            gc.freeze()

    @on(ChatOpened)
    def chat_opened(self) -> None:
        self._show_title()
        self.footer.forget()
        self.watching.leave()
        self.chats.open(self.pane.chat.id)
        self._hint()
        self._tidy_soon()

    @on(ContextShown)
    def context_shown(self, event: ContextShown) -> None:
        self.footer.context(event.context)

    @on(ReplyFlushed)
    def reply_flushed(self) -> None:
        running = self.pane.replies.running
        if running and self.pane.replies.here and running.first:
            self.footer.writing(running.tokens, running.seconds)
        if time.monotonic() - self._measured > MEMORY_SECONDS:
            self.show_memory()

    @on(TurnBegan)
    def turn_began(self, event: TurnBegan) -> None:
        if event.contents.conversation.id == self.pane.chat.id:
            self.chats.current = self.pane.chat.id
            self._show_title()
        running = self.pane.replies.running
        if not (running and running.turn.private):
            self.chats.update(event.contents.conversation)

    @on(TurnEvent)
    def turn_told(self, event: TurnEvent) -> None:
        self.watching.take(event)
        if not event.in_sight:
            return
        match event.event:
            case PromptProgress() as progress:
                self.footer.reading(progress)
            case Finished(reply, _):
                self.footer.finished(reply)

    @on(TurnEnded)
    def turn_ended(self, event: TurnEnded) -> None:
        if event.contents and event.contents.conversation.id == self.pane.chat.id:
            self.chats.current = self.pane.chat.id
            self._show_title()
        self.watching.draw()
        self.show_memory()
        self.chats.reload()
        self._tidy_soon()

    @on(MenuWanted)
    def menu_wanted(self, event: MenuWanted) -> None:
        event.stop()
        self.run_worker(offer_menu(self.app, event, self._start.keys))

    @on(Renamed)
    def renamed(self, event: Renamed) -> None:
        self.pane.renamed(event.conversation)
        self._show_title()
        self.chats.reload()
