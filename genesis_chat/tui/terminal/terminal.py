"""How the application and the terminal deal with each other."""

import os
import sys
from collections.abc import Sequence

from textual import constants
from textual.app import App
from textual.driver import Driver
from textual.events import Event, Key, Paste
from textual.filter import LineFilter

from .clipboard import as_pasted


class TerminalApp(App[int]):
    """Reads keys and pastes of any kind, and draws without colours when asked to.

    `typed` is what keys sent before the application could read them.
    """

    typed = b""

    def __init__(self) -> None:
        # An empty one asks for nothing, which Textual sees otherwise.
        colourless = bool(os.environ.get("NO_COLOR"))
        self.no_color = colourless
        super().__init__()
        self.no_color = colourless

    def get_driver_class(self) -> type[Driver]:
        """The driver: on terminals it is ours."""
        if sys.platform == "win32" or constants.DRIVER is not None:
            return super().get_driver_class()
        from .driver import Terminal

        return Terminal

    def take_typed(self) -> bytes:
        """What was typed before the application could read it, once."""
        typed, self.typed = self.typed, b""
        return typed

    def ask_clipboard(self) -> None:
        """Ask the terminal for the clipboard's text, which then comes as a paste.

        Most terminals allow that to nobody, or ask their owner first.
        """
        self._driver_does("ask_clipboard")

    def drop_clipboard(self) -> None:
        """Let an answer go that comes after all."""
        self._driver_does("drop_clipboard")

    def _driver_does(self, what: str) -> None:
        # Only ours can.
        does = getattr(self._driver, what, None)
        if does:
            does()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line goes through before it is written."""
        if not self.no_color:
            return super().get_line_filters()
        from .colourless import Colourless

        # Textual's own would leave shades of grey.
        return [Colourless()]

    async def handled(self, event: Key | Paste) -> bool:
        """Do what nothing that has the focus is to do; whether it was done."""
        return False

    async def on_event(self, event: Event) -> None:
        """A paste comes from anywhere: whatever it goes into, none of it acts."""
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            if isinstance(event, Paste):
                if not event.text:
                    # It would only delete what is selected.
                    return
                event = Paste(as_pasted(event.text))
            # Some terminals paste without it; Textual gives it back for keys only.
            self.app_focus = True
            if await self.handled(event):
                return
        await super().on_event(event)
