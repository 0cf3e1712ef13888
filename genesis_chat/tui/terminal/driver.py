"""Textual's driver for terminals, whose input thread sleeps until a key comes."""

import os
import select
import threading
import time

from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

from .input import Decoder

SIZE = 4096
# Terminals send a paste at once. Where its end was lost nobody could do anything more.
PAUSE_SECONDS = 1.0


class _Ending(threading.Event):
    """That the input thread is to end; it is woken to see it."""

    def __init__(self, wake: int) -> None:
        super().__init__()
        self._wake = wake

    def set(self) -> None:
        super().set()
        os.write(self._wake, b"\0")


class Terminal(LinuxDriver):
    """Reads any bytes through `Decoder`, and wakes up for nothing else.

    Textual's own thread looks ten times a second whether it is to end, and goes round
    without a pause once the terminal is gone.
    """

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]  # Driver's
        # For as long as the program runs: a driver that was closed is started again.
        self._woken, wake = os.pipe()
        self._clipboard_wanted = threading.Event()
        self.exit_event = _Ending(wake)

    def ask_clipboard(self) -> None:
        """Ask for the clipboard's text (OSC 52, xterm's control sequences)."""
        self._clipboard_wanted.set()
        self.write("\x1b]52;c;?\x07")
        self.flush()

    def drop_clipboard(self) -> None:
        """Take no answer any more."""
        self._clipboard_wanted.clear()

    def run_input_thread(self) -> None:
        """Wait for input and dispatch events."""
        decoder, parser = Decoder(self._clipboard_wanted), XTermParser(self._debug)

        def feed(text: str) -> None:
            for event in parser.feed(text) if text else ():
                self.process_message(event)

        def patience() -> float:
            """Until then an escape may be the beginning of a key, and a paste go on."""
            wait = PAUSE_SECONDS if decoder.pasting else constants.ESCAPE_DELAY
            return time.monotonic() + wait

        here = True
        # Once: this begins anew when another program had the terminal.
        take = getattr(self._app, "take_typed", bytes)
        feed(decoder.decode(take()))
        due: float | None = patience()
        while here:
            wait = None if due is None else max(0.0, due - time.monotonic())
            ready = select.select([self.fileno, self._woken], [], [], wait)[0]
            if self._woken in ready:
                os.read(self._woken, SIZE)
            ending = self.exit_event.is_set()
            if ending:
                # What is typed while the program ends belongs to it still.
                ready = select.select([self.fileno], [], [], 0)[0]
            here = not ending
            if self.fileno in ready:
                data = self._read()
                here = here and bool(data)
                feed(decoder.decode(data, final=ending))
                due = patience()
            elif due is not None and time.monotonic() >= due:
                due = None
                feed(decoder.pause())
            for event in parser.tick():
                self.process_message(event)
        feed(decoder.pause())

    def _read(self) -> bytes:
        """What has come; nothing once the terminal is gone."""
        try:
            return os.read(self.fileno, SIZE)
        except OSError:
            return b""
