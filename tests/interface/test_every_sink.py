"""Every place of the interface that shows text: the bytes it writes are parsed.

5,000 generated strings and 60 known payloads go into each of them; the payloads and
some hundred strings are drawn, of the others what would be drawn is looked at.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from desk import Desk
from hostile import PAYLOADS, strings
from measure.turns import Scripted
from textual.drivers.headless_driver import HeadlessDriver
from textual.events import Paste
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static, TextArea

from genesis_chat.engine import Engine, Event, ModelFacts, Request, Snapshots, Text
from genesis_chat.history import Hit, NewConversation, NewMessage, Receipt, Store
from genesis_chat.settings import ComputeDtype
from genesis_chat.tui.app import GenesisApp
from genesis_chat.tui.screens.dialogs import AskLine, Confirm
from genesis_chat.tui.screens.edit import EditMessage
from genesis_chat.tui.screens.models import Models, Row
from genesis_chat.tui.screens.system import SystemPrompt
from genesis_chat.tui.screens.trash import Trash
from genesis_chat.tui.start import Start
from genesis_chat.tui.turns import Turns
from genesis_chat.tui.widgets.message import MessageView, Shown

Desks = Callable[..., Any]
SIZE = (120, 300)
# What the interface itself writes: colours, places, whole frames, pointer shapes.
OWN = re.compile(
    r"\x1b\[[0-9;]*m|\x1b\[[0-9]+;[0-9]+H|\x1b\[\?2026[hl]|\x1b\]22;[a-z-]+\x07"
)
ACTS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
    "\U000e0000-\U000e007f].{0,12}"
)
# Each has a mark of its own, to see that it was shown.
TEXTS = [
    f"={n:04}= {text}" for n, text in enumerate([*PAYLOADS, *strings(5000, seed=5)])
]
MARK = re.compile(r"=(\d{4})=")
LINES = [" ".join(text.split("\n")) for text in TEXTS]
DRAWN = 200
RECEIPT = Receipt("m", None, {}, 1, 1, 1, 1, 0.1, 9.0, "length")


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
    """Says given texts."""

    texts: Sequence[str] = ()

    def reply(
        self, request: Request, cancelled: Callable[[], bool] = lambda: False
    ) -> Generator[Event]:
        for id, text in enumerate(self.texts):
            yield Text(f"{text}\n\n", (id,), (0.0,))
        yield from list(super().reply(request))[-1:]


async def look(desk: Desk, sink: str, whole: Widget | None = None) -> None:
    """Parse what was written; all of a widget's first texts must be among it."""
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
    # A line may break in the middle of a mark.
    seen = set(MARK.findall(written))
    assert whole is None or len(seen) > 0.9 * DRAWN, (sink, len(seen))


def harmless(*shown: object) -> None:
    for each in shown:
        assert not ACTS.search(str(each)), ascii(str(each))


def blocks(texts: Sequence[str]) -> list[str]:
    """All texts, as few long ones."""
    return ["\n".join(texts[start : start + 40]) for start in range(0, len(texts), 40)]


async def over(desk: Desk, screen: Screen[Any]) -> None:
    desk.app.push_screen(screen)
    await desk.until(lambda: desk.app.screen is screen)
    await desk.pilot.pause()


@pytest.fixture
def desk_at(tmp_path: Path) -> Callable[..., Any]:
    """The interface on a recorder."""

    @asynccontextmanager
    async def at_desk(*says: str) -> AsyncIterator[Desk]:
        def open_engine(
            model: str | None, dtype: ComputeDtype | None, snapshots: Snapshots
        ) -> Engine:
            return Says(says)

        path = tmp_path / "history.sqlite3"
        app = GenesisApp(Start(model="scripted", history=path))
        app.driver_class = Recorder
        app.turns = app.chat.turns = Turns(app._post_to_chat, path, open_engine)
        try:
            async with app.run_test(
                headless=False, size=SIZE, notifications=True
            ) as pilot:
                desk = Desk(app, pilot, path)
                await desk.until(lambda: app.model and app.chat.shown_once)
                Recorder.written.clear()
                yield desk
        finally:
            app.close()

    return at_desk


def test_lists_and_messages(desk_at: Desks, tmp_path: Path) -> None:
    few = "\n\n".join(TEXTS[:DRAWN])
    said = (NewMessage("user", few, None), NewMessage("assistant", few, 0))
    with Store.open(tmp_path / "history.sqlite3") as store:
        made = store.insert([NewConversation("All", TEXTS[0], said)])[0]
        message = store.messages(made.id)[0]
    found = [replace(made, id=str(n), title=line) for n, line in enumerate(LINES)]
    hits = [Hit(each, message, each.title) for each in found]

    async def visit() -> None:
        async with desk_at() as desk:
            chat = desk.chat
            listed = chat.sidebar.query_one("#conversations", OptionList)
            for sink, show in (
                ("titles", lambda n: chat.sidebar.list(found[:n], None)),
                ("hits", lambda n: chat.sidebar.list_found("0 [ a", [], hits[:n])),
            ):
                show(len(TEXTS))
                assert listed.option_count > len(TEXTS)
                harmless(*(option.prompt for option in listed.options))
                show(DRAWN)
                await look(desk, sink, listed)
            await chat.open(made.id)
            await look(desk, "messages", chat.transcript)
            for model, text in zip(blocks(LINES), blocks(TEXTS), strict=True):
                receipt = replace(RECEIPT, model=model)
                stored = replace(message, content=text, receipt=receipt)
                for role in ("user", "assistant"):
                    view = MessageView(Shown(replace(stored, role=role)))
                    harmless(view._detail(), getattr(view._body, "text", ""))
                    harmless(getattr(view._body, "content", ""))
            for screen, kind in (
                (Trash(found[:DRAWN]), OptionList),
                (SystemPrompt(few, dict.fromkeys(LINES[:DRAWN], "")), OptionList),
                (EditMessage(few), TextArea),
            ):
                await over(desk, screen)
                await look(desk, type(screen).__name__, screen.query_one(kind))
                screen.dismiss(None)
                await desk.pilot.pause()

    asyncio.run(visit())


def test_a_reply_errors_and_models(desk_at: Desks) -> None:
    async def visit() -> None:
        async with desk_at(*TEXTS[:DRAWN]) as desk:
            chat = desk.chat
            await desk.say("Go on")
            await look(desk, "a reply", chat.transcript)
            for text in TEXTS:
                chat.tell(text, error=True)
            harmless(*(each.message for each in desk.app._notifications))
            desk.app.clear_notifications()
            chat.tell("\n".join(TEXTS[:DRAWN]))
            await look(desk, "notices")
            models = Models("", desk.app.download)
            await over(desk, models)
            rows = models.query_one("#rows", OptionList)
            usable = Row("builtin", "", "")
            models._show([usable, *(Row(each, each, each) for each in LINES)], "")
            harmless(*(option.prompt for option in rows.options))
            models._show([Row(each, each, "") for each in LINES[:DRAWN]], "")
            models.show_download("\n".join(TEXTS[:DRAWN]))
            await look(desk, "models to choose", rows)
            models.dismiss(None)
            await desk.until(lambda: desk.app.screen is chat)
            for text in LINES:
                chat.status.model(ModelFacts(text, 1, text, text, "", "cpu", text))
                desk.app.show_title(text, private=False)
                harmless(chat.status.query_one("#model", Static).content)
                harmless(chat.query_one("#title", Static).content)
            await look(desk, "the status line and the title")

    asyncio.run(visit())


def test_pastes_the_clipboard_and_questions(desk_at: Desks) -> None:
    everything = " ".join(LINES)

    async def visit() -> None:
        async with desk_at() as desk:
            chat = desk.chat
            for keys, kind in (
                ("f4", Input),
                ("f3", TextArea),
                ("ctrl+f", Input),
                ("escape", TextArea),
            ):
                await desk.press(keys)
                field = desk.app.screen.query(kind).last()
                field.focus()
                await desk.until(lambda field=field: desk.app.focused is field)
                desk.app.post_message(Paste(everything))
                await desk.pilot.pause()
                pasted = field.value if isinstance(field, Input) else field.text
                assert pasted
                harmless(pasted)
                await look(desk, f"a paste after {keys}")
                await desk.press("escape")
            chat._copy(everything, "message")
            harmless(desk.app.clipboard)
            Recorder.written.clear()
            for question in (AskLine(LINES[0], everything), Confirm(LINES[4])):
                await over(desk, question)
                await look(desk, type(question).__name__)
                question.dismiss(None)
                await desk.pilot.pause()
            for text in LINES[: len(PAYLOADS)]:
                for command in ("attach", "theme", "set", "set top_k", "x"):
                    chat.composer.write(f"/{command} {text}")
                    await chat.command(chat.composer.text)
                harmless(*(each.message for each in desk.app._notifications))
            await look(desk, "errors of commands")

    asyncio.run(visit())
