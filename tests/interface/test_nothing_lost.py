"""What a person wrote is never lost, whatever fails."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from subprocess import PIPE
from threading import Event

import psutil
import pytest
from desk import Desk
from textual.widgets import TextArea

from genesis_chat.history import Store
from genesis_chat.tui.services.runs import this_run, unsent

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
        await desk.until(lambda: draft(desk, unsent()) == BOB)
        loaded.set()
        await desk.idle()
        assert desk.stored()[0].content == BOB and draft(desk, unsent()) == ""

    sit_down(visit)


def test_what_was_sent_before_a_kill_is_in_the_composer(
    sit_down: Sit, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        store.set_draft(BOB, unsent())
        store.set_draft("and more")

    async def visit(desk: Desk) -> None:
        assert desk.chat.composer.text == f"{BOB}\n\nand more"
        await desk.until(lambda: draft(desk) == f"{BOB}\n\nand more")
        await desk.until(lambda: draft(desk, unsent()) == "")

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


def test_two_windows_keep_two_drafts(sit_down: Sit, tmp_path: Path) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        store.set_draft("of both")
    other = "of the other one"

    async def visit(desk: Desk) -> None:
        assert desk.chat.composer.text == "of both"
        with Store.open(desk.path) as store:
            store.set_draft(other)
            await desk.press(*" and mine")
            await desk.until(lambda: store.drafts_beside())
            assert store.draft() == other
            # Here one's own is there again.
            await desk.say(BOB)
            await desk.press("ctrl+n", *"mine")
            id = desk.open.id
            assert not id and desk.chat.composer.text == "mine"
            await desk.until(lambda: "mine" in dict(each[:2] for each in beside(store)))
            await desk.chat.pane.open(store.conversations()[0].id)
            await desk.press("ctrl+n")
            await desk.until(lambda: desk.chat.composer.text == "mine")

    def beside(store: Store) -> list[tuple[str, str]]:
        return [(text, place) for place, text, _ in store.drafts_beside()]

    sit_down(visit)

    async def another(desk: Desk) -> None:
        assert desk.chat.composer.text == f"mine\n\n{other}"
        with Store.open(desk.path) as store:
            await desk.until(lambda: store.draft() == f"mine\n\n{other}")
            assert store.drafts_beside() == []

    sit_down(another)


def run_of(number: int) -> str:
    return f"{number}-{psutil.Process(number).create_time():.0f}"


def test_drafts_of_windows_that_go_on_are_left_to_them(
    sit_down: Sit, tmp_path: Path
) -> None:
    # Two that are here, one that was killed, and one whose number came again.
    living, began = run_of(os.getppid()), this_run().partition("-")[2]
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=PIPE) as process:
        killed = run_of(process.pid)
        process.kill()
    again = f"{os.getppid()}-{int(began) - 10**6}"
    theirs = {f"#{living}": "of A", f"#{living}#folds": "[]"}
    theirs[f"unsent#{living}"] = "sent by A"
    with Store.open(tmp_path / "history.sqlite3") as store:
        store.set_drafts({**theirs, "": "of B"})
        gone = {f"#{killed}": "of C", f"unsent#{killed}": "sent by C"}
        store.set_drafts({**gone, f"#{again}": "of D"})

    async def visit(desk: Desk) -> None:
        parts = desk.chat.composer.text.split("\n\n")
        assert sorted(parts) == ["of B", "of C", "of D", "sent by C"]

    sit_down(visit)
    with Store.open(tmp_path / "history.sqlite3") as store:
        left = {place: text for place, text, _ in store.drafts_beside()}
    assert left == theirs


def test_what_another_window_writes_on_is_not_kept_twice(
    sit_down: Sit, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        store.set_draft("of B")

    async def visit(desk: Desk) -> None:
        assert desk.chat.composer.text == "of B"
        with Store.open(desk.path) as store:
            store.set_draft("of B, and more")
        await desk.press("ctrl+q")

    sit_down(visit)
    with Store.open(tmp_path / "history.sqlite3") as store:
        assert store.draft() == "of B, and more" and store.drafts_beside() == []


def test_a_draft_that_another_window_took_is_kept_at_the_end(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press(*"mine")
        with Store.open(desk.path) as store:
            await desk.until(lambda: store.draft() == "mine")
            store.set_draft("")
        await desk.press("ctrl+q")
        assert draft(desk) == "mine"

    sit_down(visit)


def test_a_message_for_a_chat_that_is_gone_is_offered_again(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        id = desk.open.id
        await desk.press(*"precious")
        with Store.open(desk.path) as store:
            await desk.until(lambda: store.draft(id) == "precious")
            store.delete(id)
            store.purge(2**62)
            assert store.draft(id) == ""
        await desk.press("enter")
        await desk.until(lambda: desk.chat.composer.text == "precious")
        assert desk.told("No conversation")

    sit_down(visit)

    async def another(desk: Desk) -> None:
        assert desk.chat.composer.text == "precious"

    sit_down(another)
