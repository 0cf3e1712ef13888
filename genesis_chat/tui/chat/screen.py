"""The chat screen: what its keys and commands do."""

import gc
from collections.abc import Mapping
from pathlib import PurePath
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Resize, TextSelected
from textual.screen import Screen

from ..bindings import bindings
from ..chat_list.messages import Opened, Trashed
from ..services.history import History
from ..services.turns import Turns
from ..start import Start
from ..widgets.asking import tell
from ..widgets.composer import Composer
from .messages import MessagesDeleted
from .offers import Arguments
from .organizing import Organizing
from .slash_commands import Handler, SlashCommands
from .workspace import Workspace

# Below these sizes the list waits to be asked for, and lines are saved.
WIDE, HIGH = 100, 30
# Below this width the list makes room for the mixers.
WIDE_FOR_MIXERS = 132


class ChatScreen(Screen[None]):
    """Conversations on the left, the one that is shown, and where to write.

    Args:
        start: the options of this run.
        history: where conversations are kept.
        turns: runs turns.
        handlers: do commands of the application, by the ids of actions.
        arguments: what may follow these, by the commands' names.
    """

    AUTO_FOCUS = "Composer"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["chat.tcss", "../widgets/message.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = bindings("chat")

    def __init__(
        self,
        start: Start,
        history: History,
        turns: Turns,
        handlers: Mapping[str, Handler],
        arguments: Arguments,
    ) -> None:
        super().__init__()
        self.start, self.turns = start, turns
        self.workspace = Workspace(start, history, turns, arguments)
        # Shortcuts.
        self.pane, self.chats = self.workspace.pane, self.workspace.chats
        self.watching, self.panel = self.workspace.watching, self.workspace.panel
        self.composer, self.transcript = self.pane.composer, self.pane.transcript
        self.organizing = Organizing(self.pane, self.chats)
        self.commands = SlashCommands(
            self.pane,
            start.settings,
            {
                "chat.search": self._search,
                "chat.find": self.pane.find.show,
                **self.organizing.handlers,
                **handlers,
            },
            lambda action: self.run_action(action.does),
        )
        # Whether the list is to be shown, None for where there is room.
        self._list_wanted: bool | None = None

    def compose(self) -> ComposeResult:
        yield self.workspace

    async def on_mount(self) -> None:
        self._arrange()
        # Fields and tints are mixed from the colours of the theme.
        self.app.theme_changed_signal.subscribe(
            self, lambda theme: self.call_after_refresh(self.watching.draw)
        )
        await self.pane.open(self.start.conversation or "")
        self.chats.reload(self.pane.chat.id)
        await self.pane.opening.load_questions()
        # What is there by now stays: the collector need not look at it again.
        self.call_after_refresh(gc.freeze)

    def on_resize(self, event: Resize) -> None:
        narrow = event.size.width < WIDE
        if narrow and not self.has_class("-narrow"):
            self._list_wanted = None
        self.set_class(event.size.height < HIGH, "-low")
        self.set_class(narrow, "-narrow")
        self._arrange()

    def _arrange(self) -> None:
        """Show the list where it is wanted, or where there is room for it."""
        width = self.app.size.width
        room = width >= (WIDE_FOR_MIXERS if self.panel.display else WIDE)
        wanted = self._list_wanted
        self.chats.display = room if wanted is None else wanted
        # The header's name takes the width of the list while there is one.
        self.set_class(not self.chats.display, "-no-sidebar")

    @on(Composer.Sent)
    async def sent(self, event: Composer.Sent) -> None:
        await self._submit(event.text)

    @on(Composer.Completing)
    async def completed(self, event: Composer.Completing) -> None:
        await self._submit(event.accepted)

    async def _submit(self, text: str | None) -> None:
        """Do or send a text, which is in the composer no longer."""
        try:
            if text is None or await self.commands.do(text):
                return
            if not await self.pane.submit(text):
                self.composer.give_back()
        finally:
            self.composer.settle()

    @on(MessagesDeleted)
    def messages_deleted(self, event: MessagesDeleted) -> None:
        self.organizing.deleted(event.conversation, event.messages)

    @on(Opened)
    async def open_listed(self, event: Opened) -> None:
        if self.has_class("-narrow"):
            self._list_wanted = None
            if event.message:
                # What was found is to be seen, for which both have no room.
                self._show_mixers(False)
            self._arrange()
        try:
            await self.pane.open(event.conversation, event.message, words=event.words)
        finally:
            if event.aside:
                self.composer.settle()

    @on(Trashed)
    async def trashed(self, event: Trashed) -> None:
        self.organizing.deleted(event.conversation)
        if event.conversation == self.pane.chat.id:
            await self.pane.open()
        self.chats.reload()

    async def _search(self, rest: str) -> bool:
        self.action_search()
        self.chats.search(rest)
        return True

    async def action_new_chat(self) -> None:
        await self.pane.open()

    async def action_private_chat(self) -> None:
        if self.start.private:
            tell(self, "Nothing is saved: this run is private already.")
        await self.pane.open(private=not self.start.private)

    async def action_last_chat(self) -> None:
        before = self.pane.opening.before
        if before and before != self.pane.chat.id:
            await self.pane.open(before)
        else:
            tell(self, "No other chat was open.")

    def action_search(self) -> None:
        self._list_wanted = True
        self._arrange()
        self.chats.search()

    @work
    async def action_find(self) -> None:
        from ..dialogs.confirm import AskLine

        asked = AskLine("Find in this chat", does="find")
        if words := await self.app.push_screen_wait(asked):
            await self.pane.find.show(words)

    async def action_find_next(self, step: int) -> None:
        await self.pane.find.step(step)

    def action_toggle_sidebar(self) -> None:
        self._list_wanted = not self.chats.display
        self._arrange()
        if not self.chats.display:
            self.composer.focus()

    async def action_regenerate(self) -> None:
        await self.pane.actions.regenerate()

    async def action_resume(self) -> None:
        await self.pane.actions.resume()

    async def action_undo_exchange(self) -> None:
        await self.pane.actions.undo_exchange()

    def action_copy_reply(self) -> None:
        self.pane.actions.copy_reply()

    async def action_select_message(self) -> None:
        await self.transcript.step_from(None, 0)

    async def action_undo_delete(self) -> None:
        await self.organizing.undo_delete()

    def action_toggle_mixers(self) -> None:
        self._show_mixers(not self.panel.display)
        if not self.panel.display:
            self.composer.focus()

    def _show_mixers(self, shown: bool) -> None:
        self.panel.display = shown
        self.set_class(shown, "-mixers")
        if self._list_wanted:
            self._list_wanted = None
        self._arrange()
        self.watching.draw()
        self.refresh_bindings()

    def action_colour_tokens(self) -> None:
        self.watching.colour_next()

    def action_back(self) -> None:
        if self.pane.back():
            return
        if self.pane.replies.busy:
            self.turns.stop()
        elif not self.composer.has_focus:
            self.composer.focus()
        else:
            self.pane.find.leave()

    def action_stop_or_copy(self) -> None:
        """Ctrl-C: what is selected is copied, a reply is stopped."""
        selected = self.get_selected_text() or self.composer.selected_text
        if selected:
            self.pane.actions.copy(selected, "selection")
            self.clear_selection()
        elif self.pane.replies.busy:
            self.turns.stop()
        else:
            tell(self, "Press Ctrl+Q to quit. Everything is saved.")

    def on_text_selected(self, event: TextSelected) -> None:
        selected = self.get_selected_text() if self.start.copy_on_select else None
        if selected:
            self.pane.actions.copy(selected, "selection")

    def action_scroll(self, step: int) -> None:
        transcript = self.transcript
        page = max(1, transcript.size.height - 2)
        transcript.release_anchor()
        transcript.more(step)
        transcript.scroll_relative(y=step * page, animate=False)

    async def action_go_to(self, place: str) -> None:
        await self.transcript.go_to(end=place == "end")

    def action_rename_chat(self) -> None:
        self.organizing.rename()

    async def action_pin_chat(self) -> None:
        await self.organizing.pin()

    def action_export_chat(self) -> None:
        self.organizing.export()

    async def action_delete_chat(self) -> None:
        await self.organizing.delete()

    def action_trash(self) -> None:
        self.run_worker(self.chats.organizer.restore())

    def action_empty_trash(self) -> None:
        self.run_worker(self.chats.organizer.empty_trash())

    def action_import_chats(self) -> None:
        self.run_worker(self.chats.organizer.import_chats())

    def action_system(self) -> None:
        self.run_worker(self.pane.settings.ask_system())

    def action_settings(self) -> None:
        self.run_worker(self.pane.settings.ask_settings(self.start.settings))
