"""What a terminal sends, as the interface gets it: through its decoder and parser."""

import asyncio
from collections.abc import Iterator

from desk import Desk
from textual._xterm_parser import XTermParser
from textual.message import Message

from genesis_chat.tui.terminal.input import BEGIN, END, Decoder


def send(desk: Desk, text: str) -> None:
    """Press the keys that a terminal would send as this, all in one write."""
    for event in _events(desk, text):
        desk.app.post_message(event)


async def send_in_turns(desk: Desk, text: str, turns: int = 1) -> None:
    """The same, with so many turns of the event loop between two keys."""
    for event in _events(desk, text):
        desk.app.post_message(event)
        for _ in range(turns):
            await asyncio.sleep(0)


def paste(desk: Desk, text: str) -> None:
    """Paste a text, in brackets."""
    send(desk, f"{BEGIN}{text}{END}")


def _events(desk: Desk, text: str) -> Iterator[Message]:
    for event in XTermParser().feed(Decoder().decode(text.encode())):
        event.set_sender(desk.app)
        yield event
