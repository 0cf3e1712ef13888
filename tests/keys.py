"""What a terminal sends, as the interface gets it: through its decoder and parser."""

from desk import Desk
from textual._xterm_parser import XTermParser

from genesis_chat.tui.terminal.input import BEGIN, END, Decoder


def send(desk: Desk, text: str) -> None:
    """Press the keys that a terminal would send as this, all in one write."""
    parser = XTermParser()
    for event in parser.feed(Decoder().decode(text.encode())):
        event.set_sender(desk.app)
        desk.app.post_message(event)


def paste(desk: Desk, text: str) -> None:
    """Paste a text, in brackets."""
    send(desk, f"{BEGIN}{text}{END}")
