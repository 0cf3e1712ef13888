"""What a person wrote is never lost, whatever fails."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from threading import Event

import pytest
from desk import Desk
from textual.widgets import TextArea

from genesis_chat.history import Store

Sit = Callable[..., None]
BOB, ASK = "My name is Bob.", "What is my name?"


def draft(desk: Desk, place: str = "") -> str:
    with Store.open(desk.path) as store:
        return store.draft(place)


def test_a_message_that_no_model_takes_comes_back(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        texts, id = desk.texts, desk.open.id
        desk.app.turns._engine = None
        await desk.say("in this chat")
        assert desk.told("No model loaded")
        assert desk.chat.composer.text == "in this chat" and desk.texts == texts
        await desk.press("ctrl+n")
        await desk.say("in a new chat")
        assert desk.chat.composer.text == "in a new chat" and desk.texts == []
        await desk.press("ctrl+q")
        assert (draft(desk, id), draft(desk)) == ("in this chat", "in a new chat")

    sit_down(visit)


def test_a_message_waits_on_the_disk_while_the_model_loads(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        loaded = Event()
        desk.app.turns._executor.submit(loaded.wait)
        desk.chat.composer.write(BOB)
        await desk.press("enter")
        assert desk.chat.composer.text == ""
        await desk.until(lambda: draft(desk, "unsent") == BOB)
        loaded.set()
        await desk.idle()
        assert desk.stored()[0].content == BOB and draft(desk, "unsent") == ""

    sit_down(visit)


def test_what_was_sent_before_a_kill_is_in_the_composer(
    sit_down: Sit, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        store.set_draft(BOB, "unsent")
        store.set_draft("and more")

    async def visit(desk: Desk) -> None:
        assert desk.chat.composer.text == f"{BOB}\n\nand more"
        await desk.until(lambda: draft(desk) == f"{BOB}\n\nand more")
        await desk.until(lambda: draft(desk, "unsent") == "")

    sit_down(visit)


def test_a_draft_outlives_an_edit(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        desk.chat.composer.write("half a")
        desk.views[0].focus()
        await desk.press("e")
        await desk.until(lambda: desk.app.screen is not desk.chat)
        desk.app.screen.query_one(TextArea).text = "My name is Anna."
        await desk.turn("ctrl+s")
        assert desk.chat.composer.text == "half a"
        assert draft(desk, desk.open.id) == "half a"

    sit_down(visit)


def test_a_question_without_a_reply_gets_one(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        with Store.open(desk.path) as store:
            id = store.create(title="x").id
            one = store.add(id, "user", BOB, parent=None)
            two = store.add(id, "assistant", "Hello, Bob!", parent=one.id)
            store.add(id, "user", ASK, parent=two.id)
        await desk.chat.pane.open(id)
        await desk.until(lambda: "No reply yet" in desk.seen())
        await desk.turn("ctrl+r")
        assert desk.texts[:3] == [BOB, "Hello, Bob!", ASK] and len(desk.texts) == 4
        assert "No reply yet" not in desk.seen()

    sit_down(visit)


def test_settings_made_before_the_first_message_stay(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        desk.chat.composer.write("/set max_tokens 5")
        await desk.press("enter")
        await desk.say(BOB)
        first = desk.open.id
        await desk.press("ctrl+n")
        assert desk.open.changed == {}
        await desk.chat.pane.open(first)
        assert desk.open.changed == {"max_tokens": 5}
        desk.views[1].focus()
        await desk.press("f")
        await desk.until(lambda: desk.open.id != first)
        assert desk.open.changed == {"max_tokens": 5}

    sit_down(visit)


def test_a_command_that_takes_nothing_keeps_what_follows(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        desk.chat.composer.write("/new things at NASA?")
        await desk.press("enter")
        await desk.until(lambda: desk.told("start with a space"))
        assert desk.chat.composer.text == "/new things at NASA?"
        await desk.say(" /new things at NASA?")
        assert desk.stored()[0].content == " /new things at NASA?"

    sit_down(visit)


@pytest.mark.parametrize("editor", ["false", "/no/such/editor", 'un"balanced'])
def test_an_editor_that_fails_is_told(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch, editor: str
) -> None:
    monkeypatch.setenv("VISUAL", editor)

    async def visit(desk: Desk) -> None:
        # A pilot has no terminal to hand over.
        monkeypatch.setattr(type(desk.app), "suspend", lambda self: nullcontext())
        desk.chat.composer.write("my text")
        await desk.press("ctrl+g")
        await desk.until(lambda: desk.told("The editor failed"))
        assert desk.chat.composer.text == "my text"

    sit_down(visit)
