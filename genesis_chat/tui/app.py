"""The full-screen application."""

import gc
import signal
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Markdown, Static

from ..engine import ModelFacts
from ..text import sanitize
from .hangup import leave_when_hung_up
from .library import Library
from .screens.chat import ChatScreen
from .screens.dialogs import Confirm
from .shown import line
from .start import Start
from .turns import Turns

SIGNALS = ("SIGTERM", "SIGHUP")


class GenesisApp(App[int]):
    """Chats with one model at a time; all conversations are in the history."""

    TITLE = "Genesis Chat"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", id="app.help"),
        Binding("f2", "models", "Models", id="app.models"),
        Binding("ctrl+q", "quit", "Quit", id="app.quit", priority=True),
        Binding(
            "ctrl+z", "suspend_process", "Suspend", id="app.suspend", priority=True
        ),
    ]

    def __init__(self, start: Start, turns: Turns | None = None) -> None:
        super().__init__()
        self.start = start
        self.model: ModelFacts | None = None
        self.undo: tuple[str, list[str]] | None = None
        self.library = Library(start.history, self._recovered)
        self.turns = turns or Turns(
            self._post_to_chat, start.history, limit=start.snapshots_mb * 2**20
        )
        self.chat = ChatScreen(start, self.library, self.turns)
        self.set_keymap(start.keys)

    def on_mount(self) -> None:
        self.theme = self.start.theme
        for name in SIGNALS:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._leave)
        self.push_screen(self.chat)
        if self.start.first:
            self.action_models(first=True)
        else:
            self.turns.open_model(self.start.model, self.start.dtype)
        if not self.is_headless:
            leave_when_hung_up(self.close)
        # Nothing made so far goes away: the collector need not look at it again.
        self.call_after_refresh(gc.freeze)

    def close(self) -> None:
        """Keep everything, and let go of the model and the history."""
        self.turns.close()
        self.library.close()

    def show_title(self, title: str, *, private: bool) -> None:
        """The conversation's title, above it and in the terminal's own bar."""
        mark = " (private, not kept)" if private else ""
        self.chat.query_one("#title", Static).update(line(f"{title}{mark}"))

    async def action_quit(self) -> None:
        """Leave; what is being written is kept, and so is a reply as far as it is."""
        await self.chat.keep_draft()
        self.exit(0)

    def use_model(self, name: str | None) -> None:
        """Load another model."""
        if self.turns.busy:
            self.chat.tell("A reply is being written; Esc stops it.")
        else:
            self.turns.open_model(name, self.start.dtype)

    def named_prompts(self) -> Mapping[str, str]:
        """System prompts by their names."""
        from ..errors import GenesisChatError
        from ..prompts import prompts

        try:
            return {each.name: each.text for each in prompts()}
        except GenesisChatError as error:
            self.chat.tell(str(error), error=True)
            return {}

    def action_help(self) -> None:
        from .screens.help import Help

        self.push_screen(Help(self._keys()))

    @work
    async def action_models(self, first: bool = False) -> None:
        from .screens.models import Models

        current = self.model.name if self.model else ""
        name = await self.push_screen_wait(Models(current, first))
        if name:
            self.use_model(name)
        elif first:
            self.use_model(None)

    def action_edit_externally(self) -> None:
        import click

        composer = self.chat.composer
        with self.suspend():
            text = click.edit(composer.whole, extension=".md", require_save=True)
        self.refresh()
        if text is not None:
            composer.write(text.rstrip("\n"))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        yield from super().get_system_commands(screen)
        if screen is not self.chat:
            return
        for title, help, action in self._palette():
            yield SystemCommand(title, help, action)

    @on(Markdown.LinkClicked)
    @work
    async def ask_about_link(self, event: Markdown.LinkClicked) -> None:
        """Links are opened only when a person says so, and only web pages."""
        address = sanitize(event.href)
        if not address.lower().startswith(("http://", "https://")):
            self.chat.tell(f"Not opened, as it is no web page: {address}")
        elif await self.push_screen_wait(
            Confirm(f"Open this in your browser?\n\n{address}", "Open", "Leave it")
        ):
            self.open_url(address)

    def _palette(self) -> list[tuple[str, str, Callable[[], Any]]]:
        chat = self.chat
        return [
            ("New chat", "Begin a new chat", chat.action_new_chat),
            ("Search", "Search all chats", chat.action_search),
            ("Models", "Choose or download a model", self.action_models),
            ("System prompt", "Edit this chat's system prompt", chat.action_system),
            ("Settings", "Sampling settings of this chat", chat.action_settings),
            ("Mixers", "Show or hide what the mixers do", chat.action_toggle_mixers),
            ("Seen", "Dim what FoX hardly sees any more", chat.action_toggle_fading),
            ("Regenerate", "Write the last reply anew", chat.action_regenerate),
            ("Continue", "Let a cut reply go on", chat.action_resume),
            ("Copy reply", "Copy the last reply", chat.action_copy_reply),
            ("Delete chat", "Put this chat into the trash", chat.action_delete_chat),
            ("Undo delete", "Bring back what was deleted", chat.action_undo_delete),
            ("Editor", "Write in your editor", self.action_edit_externally),
        ]

    def _keys(self) -> dict[str, list[tuple[str, str]]]:
        """The keys as they are, changed ones included."""
        from .widgets.composer import BREAK
        from .widgets.message import MessageView
        from .widgets.sidebar import ConversationList

        def rows(bindings: Iterable[Any]) -> list[tuple[str, str]]:
            found = []
            for binding in bindings:
                keys = self.start.keys.get(binding.id or "", binding.key)
                shown = " ".join(self.get_key_display(b) for b in _split(binding, keys))
                found.append((shown, binding.description))
            return found

        def shown(*keys: str) -> str:
            return " ".join(self.get_key_display(Binding(key, "")) for key in keys)

        return {
            "Everywhere": rows([*self.BINDINGS, *ChatScreen.BINDINGS]),
            "Writing": [
                (shown("enter"), "Send" if self.start.enter_sends else "New line"),
                (shown(*BREAK), "New line" if self.start.enter_sends else "Send"),
                (shown("up", "down"), "What was asked before"),
                (shown("ctrl+g"), "External editor"),
            ],
            "On a message": rows(MessageView.BINDINGS),
            "On a chat in the list": rows(ConversationList.BINDINGS[2:]),
        }

    def _post_to_chat(self, message: Any) -> None:
        self.chat.post_message(message)

    def _recovered(self, sentence: str) -> None:
        self.call_from_thread(self.chat.tell, sentence, error=True)

    def _leave(self, number: int, frame: object) -> None:
        """The terminal is gone, or somebody wants this program to end."""
        self.turns.stop()
        self.call_later(self.chat.keep_draft)
        self.call_later(self.exit, 128 + number)


def _split(binding: Any, keys: str) -> list[Binding]:
    return [
        Binding(key.strip(), binding.action, binding.description)
        for key in keys.split(",")
    ]


def run(start: Start) -> int:
    """Run the interface until it is left; the exit code."""
    app = GenesisApp(start)
    try:
        return app.run() or 0
    finally:
        app.close()
