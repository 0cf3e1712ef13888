"""What the states look like that only work brings: finding, waiting, undoing."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from desk import Desk
from pictured import DARK, LARGE, LIGHT, MARCH, SCRIPTS, SMALL, said
from pictures import become, compare, settled, show

from genesis_chat.history import NewConversation, Store
from genesis_chat.tui.chat_list import rows
from genesis_chat.tui.widgets import activity, message, shown_message
from genesis_chat.tui.widgets.activity import Activity

Sit = Callable[..., None]
COMPILING = "Compiling for this CPU (first run only, about 20 s)"


@pytest.fixture(autouse=True)
def stopped_clock(same_everywhere: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # It is the same time for ever, and a spinner stands still.
    for module in (message, shown_message, rows):
        monkeypatch.setattr(module, "clock", lambda milliseconds: "12:00")
    monkeypatch.setattr(Activity, "_waited", 7.0)
    monkeypatch.setattr(activity, "FRAMES", "⠹")


@pytest.fixture
def story(tmp_path: Path) -> str:
    """A short conversation; its id."""
    talk = said("My name is Bob.", "Hello, Bob!", "Where is Lisbon?", "In Portugal.")
    with Store.open(tmp_path / "history.sqlite3") as store:
        (made,) = store.insert([NewConversation("Bob", "", talk, 3, created=MARCH)])
    return made.id


@pytest.mark.parametrize("colours", [True, False])
def test_words_that_are_found(
    sit_down: Sit, chats: str, monkeypatch: pytest.MonkeyPatch, colours: bool
) -> None:
    if not colours:
        monkeypatch.setenv("NO_COLOR", "1")

    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        await desk.command("/find mixers")
        await desk.until(lambda: "mixers   2 of 2" in desk.seen())
        await desk.press("n")
        await desk.until(lambda: "mixers   1 of 2" in desk.seen())
        await show(desk, "find-large" if colours else "no-color-find")

    sit_down(visit, size=LARGE, theme=DARK, conversation=chats)


def test_from_question_to_question(sit_down: Sit, story: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        await desk.press("ctrl+up", "shift+up")
        await show(desk, "question-small")

    sit_down(visit, size=SMALL, theme=LIGHT, conversation=story)


def test_messages_that_wait(sit_down: Sit, story: str) -> None:
    going_on = Event()

    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        # The engine is busy with something else.
        desk.app.turns._executor.submit(going_on.wait)
        try:
            await desk.command("And what is my name?")
            await desk.until(lambda: "waiting for the model" in desk.seen())
            await desk.command("Then tell me a story about a fox.")
            await desk.until(lambda: "Waiting · Esc" in desk.seen())
            await show(desk, "waiting-large")
            await become(desk, SMALL, LIGHT)
            await desk.press("escape")
            desk.chat.composer.write("")
            desk.chat.workspace.prepare_model(COMPILING)
            await desk.until(lambda: "Compiling for this CPU, 7 s" in desk.seen())
            await settled(desk)
            # The message came before the model was there.
            await desk.until(lambda: "about 20 s), 7 s · Esc stop" in desk.seen())
            await compare(desk, "loading-small")
        finally:
            going_on.set()

    sit_down(visit, size=LARGE, theme=DARK, conversation=story)


def test_a_private_chat(sit_down: Sit, story: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        await desk.command("/private")
        await desk.until(lambda: desk.open.private)
        desk.chat.composer.write("Dear diary,")
        await show(desk, "private-large")

    sit_down(visit, size=LARGE, theme=LIGHT, conversation=story)


def test_an_exchange_that_is_taken_back(sit_down: Sit, story: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        await desk.command("/undo")
        await desk.until(lambda: "Deleted · Ctrl+T undo" in desk.seen())
        await desk.idle()
        await compare(desk, "undone-small")

    sit_down(visit, size=SMALL, theme=DARK, conversation=story)


def test_scripts_of_any_width(sit_down: Sit, tmp_path: Path) -> None:
    talk = said("How does one say 「おはよう」 elsewhere?", SCRIPTS)
    with Store.open(tmp_path / "history.sqlite3") as store:
        (made,) = store.insert(
            [NewConversation("日本語, العربية and more", "", talk, 1, created=MARCH)]
        )

    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        await show(desk, "scripts-large")
        await become(desk, SMALL, LIGHT)
        await show(desk, "scripts-small")

    sit_down(visit, size=LARGE, theme=DARK, conversation=made.id)
