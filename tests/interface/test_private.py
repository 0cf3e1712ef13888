"""A private chat: nothing of it is anywhere once one has left it."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from desk import Desk
from keys import send

from genesis_chat.history import Store

Sit = Callable[..., None]
BOB, SECRET = "My name is Bob.", "My secret word is quokka."


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where private chats are while they are open."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


async def begin(desk: Desk) -> None:
    await desk.command("/private")
    await desk.until(lambda: desk.open.private)


def kept(desk: Desk) -> list[str]:
    """The texts of every conversation in the history."""
    with Store.open(desk.path) as store:
        found = [m for c in store.conversations() for m in store.messages(c.id)]
        return [message.content for message in found]


def holding(folder: Path, word: str) -> list[str]:
    """The files that hold a word."""
    files = [each for each in folder.rglob("*") if each.is_file()]
    return [each.name for each in files if word.encode() in each.read_bytes()]


def test_nothing_is_left_of_it(sit_down: Sit, tmp_path: Path, temporary: Path) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        first = desk.open.id
        states = sorted(tmp_path.rglob("*.safetensors"))
        await begin(desk)
        assert "Private chat: nothing is saved." in desk.seen()
        assert "(private · not saved)" in desk.seen()
        await desk.say(SECRET)
        await desk.say("Tell me more.")
        assert len(desk.texts) == 4 and "quokka" not in "".join(kept(desk))
        assert sorted(tmp_path.rglob("*.safetensors")) == states
        assert holding(temporary, "quokka")
        listed = desk.chat.chats._conversations
        assert [each.id for each in listed] == [first]
        await desk.press(*"wombat")
        await desk.press("ctrl+l")
        await desk.until(lambda: desk.open.id == first)
        assert desk.told("Private chat closed. Lost: 4 messages and a draft.")
        await desk.until(lambda: not list(temporary.iterdir()))
        assert "not saved" not in desk.seen()
        # Neither as a question to be recalled nor as a chat to go back to.
        await desk.until(lambda: desk.chat.composer.recall._asked == [BOB])
        await desk.press("ctrl+l")
        await desk.until(lambda: desk.told("No other chat was open."))

    sit_down(visit)
    assert not holding(tmp_path, "quokka") and not holding(tmp_path, "wombat")


def test_one_that_was_not_used_is_left_without_a_word(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await begin(desk)
        await desk.press("ctrl+n")
        await desk.until(lambda: not desk.open.private)
        assert not desk.told("Private chat closed")
        await desk.until(lambda: "Everything stays on this" in desk.seen())

    sit_down(visit)


def test_it_is_left_while_a_reply_is_written(sit_down: Sit, temporary: Path) -> None:
    async def visit(desk: Desk) -> None:
        await begin(desk)
        going_on = Event()
        desk.app.turns._executor.submit(going_on.wait)
        send(desk, f"{SECRET}\rand quokka\r")
        await desk.until(lambda: desk.chat.pane.replies.waiting_here)
        await desk.press("ctrl+n")
        await desk.until(lambda: not desk.open.private)
        going_on.set()
        await desk.idle()
        await desk.until(lambda: not list(temporary.iterdir()))
        assert desk.chat.composer.text == "" and desk.texts == []
        await desk.say(BOB)
        assert kept(desk)[0] == BOB and "quokka" not in "".join(kept(desk))

    sit_down(visit)


def test_one_after_the_other(sit_down: Sit, temporary: Path) -> None:
    async def visit(desk: Desk) -> None:
        await begin(desk)
        going_on = Event()
        desk.app.turns._executor.submit(going_on.wait)
        send(desk, f"{SECRET}\r")
        await desk.until(lambda: desk.app.turns.busy)
        await desk.command("/private")
        await desk.until(lambda: desk.texts == [])
        going_on.set()
        await desk.idle()
        assert desk.open.private and desk.chat.composer.text == ""
        await desk.say(BOB)
        assert desk.texts[0] == BOB and kept(desk) == []
        await desk.until(lambda: len(list(temporary.iterdir())) == 1)

    sit_down(visit)
    assert not list(temporary.iterdir())


def test_what_can_be_done_in_it(sit_down: Sit, tmp_path: Path) -> None:
    async def visit(desk: Desk) -> None:
        await begin(desk)
        await desk.say(BOB)
        await desk.turn("ctrl+r")
        assert desk.views[1].shown.places == 2
        await desk.press("ctrl+up", "left")
        await desk.until(lambda: desk.views[1].shown.place == 1)
        await desk.press("f")
        await desk.until(lambda: desk.told("Branched into a new chat."))
        assert desk.open.private and len(desk.texts) == 2
        await desk.command("/undo")
        await desk.until(lambda: desk.texts == [])
        await desk.press("ctrl+t")
        await desk.until(lambda: len(desk.texts) == 2)
        await desk.command("/title A secret")
        await desk.until(lambda: "A secret (private" in desk.seen())
        await desk.command("/pin")
        await desk.until(lambda: desk.told("A private chat has no place in the list."))
        await desk.command(f"/export {tmp_path / 'secret.md'}")
        await desk.until((tmp_path / "secret.md").exists)
        await desk.command("/delete")
        await desk.until(lambda: not desk.open.private)
        assert kept(desk) == []

    sit_down(visit)


def test_a_deletion_in_it_cannot_be_undone_outside(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await begin(desk)
        await desk.say(BOB)
        await desk.command("/undo")
        await desk.until(lambda: desk.texts == [])
        await desk.press("ctrl+n")
        await desk.until(lambda: not desk.open.private)
        await desk.press("ctrl+t")
        await desk.until(lambda: desk.told("Nothing to undo."))

    sit_down(visit)


def test_a_run_that_keeps_nothing_says_so(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        assert "Private chat: nothing is saved." in desk.seen()
        await desk.command("/private")
        await desk.until(lambda: desk.told("this run is private already"))
        assert not desk.open.private

    sit_down(visit, private=True)


def test_without_a_folder_the_chat_stays(
    sit_down: Sit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
        await desk.command("/private")
        await desk.until(lambda: desk.told("No temporary folder for a private chat"))
        assert desk.texts[0] == BOB and not desk.open.private

    sit_down(visit)
