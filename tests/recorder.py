"""The interface on a terminal that remembers, and what was written there."""

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from desk import Desk
from hostile import PAYLOADS, strings
from measure.turns import Scripted
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.drivers.headless_driver import HeadlessDriver
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, TextArea

from genesis_chat.engine import Event, Request, Text, Thought

# What the interface itself writes: colours, places, whole frames, pointer shapes.
OWN = re.compile(
    r"\x1b\[[0-9;]*m|\x1b\[[0-9]+;[0-9]+H|\x1b\[\?2026[hl]|\x1b\]22;[a-z-]+\x07"
)
ACTS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
    "\U000e0000-\U000e007f].{0,12}"
)
# What a paste must not bring; the rest is drawn so that it does not act.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# Each has a mark of its own, to see that it was shown.
TEXTS = [
    f"={n:04}= {text}" for n, text in enumerate([*PAYLOADS, *strings(5000, seed=5)])
]
MARK = re.compile(r"=(\d{4})=")
LINES = [" ".join(text.split("\n")) for text in TEXTS]


class Recorder(HeadlessDriver):
    """A terminal that only remembers what is written to it."""

    written: ClassVar[list[str]] = []

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.written.append(data)


@dataclass
class Says(Scripted):
    """Says given texts, or thinks them."""

    texts: Sequence[str] = ()
    kind: type[Text | Thought] = Text

    def reply(
        self, request: Request, cancelled: Callable[[], bool] = lambda: False
    ) -> Generator[Event]:
        for id, text in enumerate(self.texts):
            yield self.kind(f"{text}\n\n", (id,), (0.0,))
        yield from list(super().reply(request))[-1:]


class Page(Screen[None]):
    """Nothing but some widgets, one below the other."""

    CSS = "VerticalScroll * { height: auto }"

    def __init__(self, *widgets: Widget) -> None:
        super().__init__()
        self._widgets = widgets

    def compose(self) -> ComposeResult:
        yield VerticalScroll(*self._widgets)


def drawn_in(field: Widget) -> str:
    """All of the text of an input or a text area, as it is drawn."""
    if isinstance(field, Input):
        return field._value.plain
    assert isinstance(field, TextArea)
    count = field.document.line_count
    return "\n".join(field.get_line(line).plain for line in range(count))


def chunks(texts: Sequence[str], size: int) -> list[Sequence[str]]:
    """All texts, so many at a time."""
    return [texts[start : start + size] for start in range(0, len(texts), size)]


async def over(desk: Desk, screen: Screen[Any]) -> None:
    """Show a screen over the others."""
    desk.app.push_screen(screen)
    await desk.until(lambda: desk.app.screen is screen)
    await desk.pilot.pause()


async def look(desk: Desk, sink: str, whole: Widget | None = None) -> set[int]:
    """Parse what was written, all of a widget page by page; the texts among it."""
    await desk.pilot.pause()
    if whole is not None:
        page = max(1, whole.size.height - 1)
        for top in range(0, whole.virtual_size.height + 1, page):
            whole.scroll_to(y=top, animate=False, force=True)
            await desk.pilot.pause()
    written = OWN.sub("", "".join(Recorder.written))
    Recorder.written.clear()
    foreign = {ascii(found) for found in ACTS.findall(written)}
    assert not foreign, (sink, len(foreign), sorted(foreign)[:5])
    return {int(number) for number in MARK.findall(written)}


def nearly_all(
    sink: str, seen: set[int], share: float = 0.9, of: int = len(TEXTS)
) -> None:
    """Most texts were drawn: a line may break in the middle of a mark.

    Markdown shows no more of some, such as those in the address of a link.
    """
    assert len(seen) > share * of, (sink, len(seen))


def harmless(*shown: object) -> None:
    """Nothing of what will be drawn acts."""
    for each in shown:
        assert not ACTS.search(str(each)), ascii(str(each))
