"""Every place of the interface that shows text: the bytes it writes are parsed.

66 known payloads and 5,000 generated strings are drawn in each, or 50 where that is
not marked slow; where only a few fit on the screen at a time the rest is looked at
just before it is drawn.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from desk import Desk, leave
from hostile import PAYLOADS
from recorder import (
    CONTROLS,
    LINES,
    TEXTS,
    Page,
    Recorder,
    Says,
    chunks,
    drawn_in,
    harmless,
    look,
    nearly_all,
    over,
)
from textual.containers import VerticalScroll
from textual.events import Paste
from textual.widgets import Input, OptionList, Static, TextArea

from genesis_chat.engine import Engine, ModelFacts, Snapshots, Text, Thought
from genesis_chat.history import Hit, NewConversation, NewMessage, Receipt, Store
from genesis_chat.model_choice import ModelChoice
from genesis_chat.tui.actions import unknown_keys
from genesis_chat.tui.app import GenesisApp
from genesis_chat.tui.dialogs.confirm import AskLine, Confirm
from genesis_chat.tui.dialogs.edit import EditMessage
from genesis_chat.tui.dialogs.help import Help
from genesis_chat.tui.dialogs.model_rows import Row
from genesis_chat.tui.dialogs.models import Models
from genesis_chat.tui.dialogs.system import SystemPrompt
from genesis_chat.tui.dialogs.trash import Trash
from genesis_chat.tui.services.download import Progress
from genesis_chat.tui.start import Start
from genesis_chat.tui.widgets.activity import Activity
from genesis_chat.tui.widgets.code import STEP, Lines
from genesis_chat.tui.widgets.completion import Completion, Offer
from genesis_chat.tui.widgets.fitting import Fitting
from genesis_chat.tui.widgets.message import MessageView
from genesis_chat.tui.widgets.shown import plain
from genesis_chat.tui.widgets.shown_message import Shown

Desks = Callable[..., Any]
SIZE = (200, 300)
# All payloads, and some of the generated strings.
FEW = len(PAYLOADS) + 50
RECEIPT = Receipt("m", None, {}, 1, 1, 1, 1, 0.1, 9.0, "length")


@pytest.fixture
def desk_at(tmp_path: Path) -> Desks:
    """The interface on a recorder."""

    @asynccontextmanager
    async def at_desk(
        *says: str, kind: type[Text | Thought] = Text
    ) -> AsyncIterator[Desk]:
        def open_engine(choice: ModelChoice, snapshots: Snapshots) -> Engine:
            return Says(says, kind)

        path = tmp_path / "history.sqlite3"
        app = GenesisApp(Start(ModelChoice("scripted"), history=path), open_engine)
        app.driver_class = Recorder
        try:
            async with app.run_test(
                headless=False, size=SIZE, notifications=True
            ) as pilot:
                desk = Desk(app, pilot, path)
                await desk.until(lambda: app.model and app.chat.pane.opening.shown_once)
                Recorder.written.clear()
                yield desk
                await leave(app)
        finally:
            app.close()

    return at_desk


@pytest.fixture(params=[FEW, pytest.param(len(TEXTS), marks=pytest.mark.slow)])
def count(request: pytest.FixtureRequest) -> int:
    """How many of the texts are drawn."""
    return int(request.param)


async def back(desk: Desk) -> None:
    """Leave the screens on top."""
    while desk.app.screen is not desk.chat:
        desk.app.screen.dismiss(None)
        await desk.pilot.pause()


@pytest.mark.slow
def test_lists(desk_at: Desks, tmp_path: Path) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        said = (NewMessage("user", "x", None),)
        made = store.insert([NewConversation("All", "", said)])[0]
        message = store.messages(made.id)[0]
    found = [replace(made, id=str(n), title=line) for n, line in enumerate(LINES)]
    hits = [Hit(each, message, each.title) for each in found]

    async def visit() -> None:
        async with desk_at() as desk:
            sidebar = desk.chat.chats
            listed = sidebar.query_one("#conversations", OptionList)
            sidebar.list(found, "")
            nearly_all("titles", await look(desk, "titles", listed))
            sidebar.list_found("0 [ a", [], hits)
            harmless(*(option.prompt for option in listed.options))
            assert await look(desk, "hits")
            await over(desk, Trash(found))
            rows = desk.app.screen.query_one(OptionList)
            harmless(*(option.prompt for option in rows.options))
            assert await look(desk, "trash")
            await back(desk)
            models = Models("", desk.app.download)
            await over(desk, models)
            found_models = [Row("", "", ""), *(Row(x, x, x) for x in LINES)]
            models.on_models_found(Models.Found(found_models, ""))
            rows = models.query_one("#rows", OptionList)
            harmless(*(option.prompt for option in rows.options))
            assert await look(desk, "models")
            for part in chunks(LINES, 100):
                models.show_download(Progress(" ".join(part), 1, 2, 3.0))
                harmless(models.query_one("#told", Static).content)
            await back(desk)
            completion = desk.chat.query_one(Completion)
            completion.offer([Offer(x, x, x, True) for x in TEXTS], choose=True)
            harmless(*(option.prompt for option in completion.options))
            assert await look(desk, "offers")

    asyncio.run(visit())


@pytest.mark.slow
def test_messages(desk_at: Desks, tmp_path: Path) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        said = (NewMessage("user", "x", None),)
        made = store.insert([NewConversation("All", "", said)])[0]
        message = store.messages(made.id)[0]

    def view(role: Any, texts: Sequence[str], between: str) -> MessageView:
        receipt = replace(RECEIPT, model=texts[0])
        found = replace(
            message, role=role, content=between.join(texts), receipt=receipt
        )
        return MessageView(Shown(found, texts[0]))

    async def visit() -> None:
        async with desk_at() as desk:
            for role, between, size in (("user", "\n", 20), ("assistant", " ", 100)):
                seen: set[int] = set()
                for part in chunks(TEXTS, 1000):
                    views = [view(role, x, between) for x in chunks(part, size)]
                    await over(desk, Page(*views))
                    for each in views:
                        each.details = True
                    whole = desk.app.screen.query_one(VerticalScroll)
                    seen |= await look(desk, role, whole)
                    await back(desk)
                nearly_all(role, seen, 0.9 if role == "user" else 0.7)

    asyncio.run(visit())


@pytest.mark.parametrize("kind", [Text, Thought])
def test_a_reply_that_streams(
    desk_at: Desks, kind: type[Text | Thought], count: int
) -> None:
    async def visit() -> None:
        texts = [" ".join(part) for part in chunks(TEXTS[:count], 25)]
        async with desk_at(*texts, kind=kind) as desk:
            await desk.say("Go on")
            if kind is Thought:
                await desk.press("ctrl+up", "t")
            # The fewer rows there are, the fewer texts are cut in two.
            for view in desk.views:
                view.styles.max_width = SIZE[0]
            await desk.pilot.pause()
            seen = await look(desk, "a reply", desk.chat.transcript)
            for code in desk.chat.query(Lines):
                for _ in range(code.longest // STEP):
                    code.action_move(1)
                    code.scroll_visible(animate=False)
                    seen |= await look(desk, "a line of code")
            nearly_all("a reply", seen, 0.7, count)

    asyncio.run(visit())


@pytest.mark.slow
def test_errors_the_status_line_and_the_title(desk_at: Desks) -> None:
    async def visit() -> None:
        async with desk_at() as desk:
            chat, seen = desk.chat, set()
            # A notice has few rows, which do not hold so many texts.
            chat.pane.notice.styles.max_height = SIZE[1]
            chat.pane.notice.styles.max_width = SIZE[0]
            for part in chunks(TEXTS, 70):
                chat.pane.parts.tell("\n".join(part), error=True)
                seen |= await look(desk, "errors")
                desk.app.clear_notifications()
            nearly_all("errors", seen)
            for text in LINES:
                facts = ModelFacts(text, 1, text, text, "", "cpu", text)
                chat.workspace.header.model(facts)
                harmless(*chat.workspace.header.query_one("#model", Fitting).forms)
                chat.workspace.header.wait(text)
                harmless(chat.workspace.header.query_one(Activity).content)
                chat.workspace.footer.download(Progress(text, 1, 2, 3.0))
                harmless(chat.workspace.footer.query_one("#download", Static).content)
                chat.workspace.header.title(text, private=True)
                harmless(*chat.workspace.header.query_one("#title", Fitting).forms)
            await look(desk, "the status line and the title")
            keys = dict.fromkeys(TEXTS[: len(PAYLOADS)], "x")
            chat.pane.parts.tell("\n".join(unknown_keys(keys)))
            harmless(*(each.message for each in desk.app._notifications))
            assert await look(desk, "unknown keys")
            desk.app.clear_notifications()
            for text in LINES[: len(PAYLOADS)]:
                for command in ("attach", "theme", "set", "set top_k", "x"):
                    chat.composer.write(f"/{command} {text}")
                    chat.composer.send()
                    await desk.until(lambda: not chat.composer.on_its_way)
                harmless(*(each.message for each in desk.app._notifications))
            await look(desk, "errors of commands")

    asyncio.run(visit())


def test_dialogs(desk_at: Desks, count: int) -> None:
    texts, lines = TEXTS[:count], LINES[:count]
    named = dict.fromkeys(lines, "")

    async def visit() -> None:
        async with desk_at() as desk:
            await over(desk, Help({"Keys": [(text, "") for text in lines]}))
            harmless(*(each.content for each in desk.app.screen.query(Static)))
            assert await look(desk, "help")
            await back(desk)
            await over(desk, EditMessage("\n".join(texts)))
            harmless(drawn_in(desk.app.screen.query_one(TextArea)))
            assert await look(desk, "a message to edit")
            await back(desk)
            await over(desk, SystemPrompt("", named))
            rows = desk.app.screen.query_one(OptionList)
            harmless(*(option.prompt for option in rows.options))
            assert await look(desk, "named prompts")
            await back(desk)
            harmless(*(plain(text) for text in texts))
            await over(desk, Confirm("Sure?", "\n".join(texts), "Yes"))
            assert await look(desk, "a question")
            await back(desk)
            await over(desk, AskLine(lines[0], " ".join(lines)))
            await look(desk, "a line")
            harmless(drawn_in(desk.app.screen.query_one(Input)))

    asyncio.run(visit())


def test_pastes_files_and_the_clipboard(desk_at: Desks, count: int) -> None:
    texts, everything = TEXTS[:count], " ".join(LINES[:count])

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
                field = [x for x in desk.app.screen.query(kind) if not x.disabled][-1]
                field.focus()
                await desk.until(lambda field: desk.app.focused is field, field)
                desk.app.post_message(Paste(everything))
                await desk.pilot.pause()
                pasted = field.value if isinstance(field, Input) else field.text
                assert pasted
                assert not CONTROLS.search(pasted)
                harmless(drawn_in(field))
                await look(desk, f"a paste after {keys}")
                await desk.press("escape")
                await back(desk)
            chat.pane.actions.copy(everything, "message")
            assert not CONTROLS.search(desk.app.clipboard)
            # The copy goes to the terminal as it is meant to.
            Recorder.written.clear()
            marks = [chat.composer.folds.fold("x", name) for name in texts]
            harmless(*marks)
            chat.composer.text = "\n".join(marks)
            assert await look(desk, "files")
            chat.composer.write("\n".join(texts))
            harmless(drawn_in(chat.composer))

    asyncio.run(visit())
