"""The chat screen: where everything is put, and its keys."""

import gc
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.widgets import Static

from ..bindings import bindings
from ..chat_list.sidebar import Sidebar
from ..mixers import Legend, MixersPanel
from ..widgets.completion import Completion
from ..widgets.composer import Composer
from ..widgets.status import Status
from ..widgets.transcript import Transcript
from .completing import Completing

# Below these sizes the sidebar waits to be asked for, and lines are saved.
WIDE, HIGH = 100, 30


class ChatScreen(Completing):
    """Conversations on the left, the one that is shown, and where to write."""

    AUTO_FOCUS = "Composer"
    BINDINGS: ClassVar[list[BindingType]] = bindings("chat")

    def compose(self) -> ComposeResult:
        with Horizontal(id="columns"):
            yield Sidebar()
            with Vertical(id="chat"):
                yield Static(id="title", markup=False)
                yield Transcript()
                yield Legend()
                yield Completion()
                yield Composer(self.start.enter_sends)
            yield MixersPanel()
        yield Status()

    async def on_mount(self) -> None:
        self.composer.free = lambda: not self.turns.busy
        self.sidebar.display = self.app.size.width >= WIDE
        self.app.theme_changed_signal.subscribe(self, self.theme_changed)
        await self.open(self.start.conversation)
        self.list_conversations()
        await self.load_questions()
        # What is there by now stays: the collector need not look at it again.
        self.call_after_refresh(gc.freeze)

    def on_resize(self, event: Resize) -> None:
        narrow = event.size.width < WIDE
        if narrow and not self.has_class("-narrow"):
            self.sidebar.display = False
        self.set_class(event.size.height < HIGH, "-low")
        self.set_class(narrow, "-narrow")

    def action_back(self) -> None:
        if self.turns.busy:
            self.turns.stop()
        elif not self.composer.has_focus:
            self.composer.focus()

    def action_stop_or_copy(self) -> None:
        """Ctrl-C: what is selected is copied, a reply is stopped."""
        selected = self.get_selected_text() or self.composer.selected_text
        if selected:
            self._copy(selected, "selection")
            self.clear_selection()
        elif self.turns.busy:
            self.turns.stop()
        else:
            self.tell("Ctrl+Q leaves; everything is kept.")

    def action_scroll(self, step: int) -> None:
        page = max(1, self.transcript.size.height - 2)
        self.transcript.release_anchor()
        self.transcript.more(step)
        self.transcript.scroll_relative(y=step * page, animate=False)

    async def action_go_to(self, place: str) -> None:
        await self.transcript.go_to(end=place == "end")
