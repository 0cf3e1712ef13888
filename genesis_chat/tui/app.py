"""The full-screen application."""

from typing import ClassVar

from textual import on, work
from textual.binding import BindingType
from textual.dom import DOMNode
from textual.events import Click, Event, Key, Paste
from textual.message import Message
from textual.widgets import Markdown

from ..engine import ModelFacts
from ..errors import GenesisChatError, UsageError
from ..models import set_default
from ..text import sanitize
from .actions import command_rows, key_rows, unknown_keys
from .bindings import bindings
from .chat import ChatScreen
from .chat.replies import BUSY
from .dialogs.confirm import Confirm
from .palette import PaletteApp
from .services.download import Download, Offer, Progress
from .services.history import History
from .services.messages import (
    ContextKnown,
    Downloaded,
    ModelFailed,
    ModelOpening,
    ModelPreparing,
    ModelReady,
    TurnBegan,
    TurnEnded,
    TurnEvent,
)
from .services.turns import OpenEngine, Turns
from .start import Start
from .terminal.hangup import leave_when_hung_up
from .terminal.prints import Prints
from .terminal.process import few_full_collections, signals_go_to
from .widgets.asking import tell
from .widgets.elsewhere import handled_elsewhere
from .widgets.menu_request import wants_menu
from .widgets.welcome import FirstRun

SIGNALS = ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT")


class GenesisApp(PaletteApp):
    """Chats with one model at a time; all conversations are in the history."""

    TITLE = "Genesis Chat"
    CSS_PATH = "theme/genesis.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings("application")

    def __init__(self, start: Start, open_engine: OpenEngine | None = None) -> None:
        super().__init__()
        self.start = start
        self.dark_terminal, self.typed = start.dark_terminal, start.typed
        self.model: ModelFacts | None = None
        self.prints = Prints()
        self._ended_by: int | None = None
        self.history = History(start.history, self._recovered)
        limit = start.snapshots_mb * 2**20
        self.turns = Turns(self._take, self.history, open_engine, limit)
        self.download = Download(lambda what: self.post_message(Downloaded(what)))
        self.chat = ChatScreen(
            start,
            self.history,
            self.turns,
            {"app.models": self._command_model, "app.theme": self._command_theme},
            {
                "model": lambda: [(name, "") for name in self.model_names()],
                "theme": lambda: [(name, "") for name in self.theme_names()],
            },
        )
        self.set_keymap(start.keys)

    def on_mount(self) -> None:
        self._wear(self.start.theme)
        self.call_after_refresh(self._tell_unknown_keys)
        if self._ended_by is not None:
            self.exit(128 + self._ended_by)
            return
        self.push_screen(self.chat)
        self.turns.open_model(self.start.model)
        if not self.is_headless:
            leave_when_hung_up(self.close)

    def close(self) -> None:
        """Keep everything, and let go of the model and the history; in any thread."""
        self.download.stop()
        self.turns.close()
        self.chat.pane.keeping.close()
        self.history.close()

    async def action_quit(self) -> None:
        """Leave; what is being written is kept, and so is a reply as far as it is."""
        self._quit()

    @work(exclusive=True, group="quit")
    async def _quit(self) -> None:
        from .dialogs.editing import Editing

        screens = self.screen_stack
        if all([await s.may_go() for s in screens if isinstance(s, Editing)]):
            await self.chat.pane.opening.keep_draft(last=True)
            self.exit(0)

    def use_model(self, name: str | None) -> None:
        """Load another model."""
        if self.turns.busy:
            tell(self.chat, BUSY)
        else:
            self.turns.open_model(self.start.model.named(name))

    def model_names(self) -> list[str]:
        """Models that can be chosen."""
        from ..models import BUILTIN, choosable_names

        try:
            return choosable_names()
        except GenesisChatError as error:
            tell(self.chat, str(error), error=True)
            return [BUILTIN]

    @on(FirstRun.Fetch)
    def fetch_model(self, event: FirstRun.Fetch) -> None:
        self.action_models(event.offer)

    def action_help(self) -> None:
        from .dialogs.help import Help

        rows = key_rows(self.start.keys, enter_sends=self.start.enter_sends)
        self.push_screen(Help({**rows, "Commands": command_rows()}))

    @work
    async def action_models(self, fetch: Offer | None = None) -> None:
        from .dialogs.models import Models

        current = self.model.name if self.model else ""
        name = await self.push_screen_wait(Models(current, self.download, fetch=fetch))
        if name:
            self.use_model(name)
            self.chat.pane.welcoming.first = False
            if self.start.first:
                self._keep_choice(name)

    def action_edit_externally(self) -> None:
        from .terminal.editor import edited

        composer = self.chat.pane.composer
        try:
            text = edited(self, self.prints, composer.whole)
            if text is not None:
                composer.rewrite(text.rstrip("\n"))
        except GenesisChatError as error:
            tell(self.chat, str(error), error=True)
        self.refresh()

    @on(Markdown.LinkClicked)
    @work
    async def ask_about_link(self, event: Markdown.LinkClicked) -> None:
        """Links are opened only when a person says so, and only web pages."""
        address = sanitize(event.href)
        if not address.lower().startswith(("http://", "https://")):
            tell(self.chat, f"Not opened, as it is no web page: {address}")
        elif await self.push_screen_wait(
            Confirm(
                "Open link",
                f"Open this in your browser?\n\n{address}",
                "Open",
                "Leave it",
            )
        ):
            self.open_url(address)

    def _wear(self, theme: str) -> None:
        self.read_own_themes()
        problem = self.wear(theme)
        for each in filter(None, (problem, *self.theme_problems)):
            self.call_after_refresh(tell, self.chat, each, error=True)
        self.remember_themes()

    def theme_not_kept(self, sentence: str) -> None:
        """The settings file cannot be written."""
        tell(self.chat, sentence, error=True)

    def _tell_unknown_keys(self) -> None:
        for sentence in unknown_keys(self.start.keys):
            tell(self.chat, sentence, error=True)

    @work(thread=True)
    def _keep_choice(self, name: str) -> None:
        """Another start need not ask which model it shall be."""
        try:
            set_default(name)
        except GenesisChatError as error:
            self.call_from_thread(tell, self.chat, str(error), error=True)

    @on(Downloaded)
    def show_download(self, event: Downloaded) -> None:
        """How far the download is, where it can be seen."""
        from .dialogs.models import Models

        what = event.what
        if isinstance(self.screen, Models):
            self.screen.show_download(what)
        elif isinstance(what, str) and not self.download.running:
            tell(self.chat, what, error=not self.download.ready)
        if self.download.ready:
            self.chat.pane.welcoming.first = False
        progress = what if isinstance(what, Progress) else None
        self.chat.workspace.footer.download(progress)

    def _refresh_notifications(self) -> None:
        """One notice at a time: above the composer, or over what lies on the chat."""
        notice = self.chat.pane.notice
        if notice.is_mounted:
            # To list them all at once would ask how many there are, which drops those
            # that are over in the middle of it.
            notice.show([*iter(self._notifications)][-1:])
        if self.screen_stack and self.screen is not self.chat:
            super()._refresh_notifications()

    def _take(self, message: Message) -> None:
        """What the turns tell: of models here, of replies in the open chat."""
        of_turn = isinstance(message, TurnBegan | TurnEvent | TurnEnded | ContextKnown)
        (self.chat.pane if of_turn else self).post_message(message)

    @on(ModelOpening)
    def model_opening(self, event: ModelOpening) -> None:
        self.chat.pane.parts.opening = event.name
        self.chat.workspace.prepare_model(f"Loading {event.name or 'the model'}")

    @on(ModelPreparing)
    def model_preparing(self, event: ModelPreparing) -> None:
        self.chat.workspace.prepare_model(event.text)

    @on(ModelReady)
    def model_ready(self, event: ModelReady) -> None:
        self.model = event.facts
        self.chat.workspace.use_model(event.facts)
        for warning in event.facts.warnings:
            tell(self.chat, warning, error=True)

    @on(ModelFailed)
    def model_failed(self, event: ModelFailed) -> None:
        self.model = event.still
        self.chat.workspace.use_model(event.still)
        tell(self.chat, event.sentence, error=True)

    async def _command_model(self, rest: str) -> bool:
        self.use_model(rest)
        return True

    async def _command_theme(self, rest: str) -> bool:
        if problem := self.wear(rest):
            raise UsageError(problem)
        return True

    async def handled(self, event: Key | Paste) -> bool:
        """What is typed in the chat where nothing is written."""
        return await handled_elsewhere(self.chat, self.chat.composer, event)

    async def _broker_event(
        self, event_name: str, event: Event, default_namespace: DOMNode
    ) -> bool:
        """Links and buttons in a text are for the left button: the right has a menu."""
        if isinstance(event, Click) and wants_menu(event):
            return False
        return await super()._broker_event(event_name, event, default_namespace)

    def _recovered(self, sentence: str) -> None:
        self.call_from_thread(tell, self.chat, sentence, error=True)

    def leave(self, number: int, frame: object) -> None:
        """The terminal is gone, or somebody wants this program to end."""
        # While the terminal is being taken over nothing can be called yet.
        self._ended_by = number
        if self.is_running:
            self.turns.stop()
            if self.chat.pane.opening.shown_once:
                self.call_later(self.chat.pane.opening.keep_draft, last=True)
            self.call_later(self.exit, 128 + number)


def run(start: Start) -> int:
    """Run the interface until it is left; the exit code."""
    app = GenesisApp(start)
    try:
        with (
            signals_go_to(app.leave, SIGNALS),
            few_full_collections(),
            app.prints.kept_off(),
        ):
            code = app.run()
            # After an error that nobody expected there is only the latter.
            return code or app.return_code or 0
    finally:
        app.close()
