"""Going from chat to chat and from question to question; taking back; the trash."""

from collections.abc import Callable
from pathlib import Path

import pytest
from desk import Desk
from textual.widgets import Static

from genesis_chat.history import Store
from genesis_chat.tui.chat.screen import HIGH
from genesis_chat.tui.widgets.between import ContextLine
from genesis_chat.tui.widgets.message import MessageView
from genesis_chat.tui.widgets.welcome import KEPT, PROMPTS, WHAT

Sit = Callable[..., None]
BOB, CAT = "My name is Bob.", "I have a cat."


def test_the_chat_before_is_a_key_away(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("ctrl+l")
        await desk.until(lambda: desk.told("No other chat was open."))
        await desk.say(BOB)
        first = desk.open.id
        await desk.press("ctrl+n")
        await desk.say(CAT)
        second = desk.open.id
        await desk.press("ctrl+l")
        await desk.until(lambda: desk.open.id == first)
        await desk.press("ctrl+l")
        await desk.until(lambda: desk.open.id == second)

    sit_down(visit)


def test_from_question_to_question(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        for text in (BOB, CAT):
            await desk.say(text)
        await desk.press("ctrl+up")
        assert desk.app.focused is desk.views[3]
        await desk.press("shift+up")
        assert desk.app.focused is desk.views[2]
        await desk.press("shift+up")
        assert desk.app.focused is desk.views[0]
        await desk.press("shift+up")
        assert desk.app.focused is desk.views[0]
        await desk.press("J")
        assert desk.app.focused is desk.views[2]
        await desk.press("J")
        assert desk.chat.composer.has_focus

    sit_down(visit)


def test_the_last_exchange_is_taken_back_and_restored(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await do(desk, "/undo")
        await desk.until(lambda: desk.told("Nothing to undo."))
        for text in (BOB, CAT):
            await desk.say(text)
        before = desk.texts
        await do(desk, "/undo")
        await desk.until(lambda: desk.texts == before[:2])
        assert [m.content for m in desk.stored()] == before[:2]
        await desk.press("ctrl+t")
        await desk.until(lambda: desk.texts == before)

    sit_down(visit)


def test_the_trash_is_emptied_once_a_person_says_so(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await do(desk, "/purge")
        await desk.until(lambda: desk.told("The trash is empty."))
        await desk.say(BOB)
        await do(desk, "/delete")
        await desk.until(lambda: not desk.open.id)
        for key, left in (("n", 1), ("y", 0)):
            await do(desk, "/purge")
            await desk.until(lambda: "Permanently delete 1 chat?" in desk.seen())
            await desk.press(key)
            await desk.closed()
            with Store.open(desk.path) as store:
                await desk.until(
                    lambda left: len(store.conversations(deleted=True)) == left, left
                )

    sit_down(visit)


def test_chats_are_imported_while_one_writes(sit_down: Sit, tmp_path: Path) -> None:
    file = tmp_path / "chats.md"

    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        await do(desk, f"/export {file}")
        await desk.until(file.exists)
        await do(desk, "/delete")
        await do(desk, "/purge")
        await desk.until(lambda: "Permanently delete 1 chat?" in desk.seen())
        await desk.press("y")
        await desk.closed()
        await do(desk, f"/import {file}")
        await desk.until(lambda: desk.told("Imported 1 chat (2 messages)."))
        assert desk.stored()[0].content == BOB
        await do(desk, "/import /no/such/file")
        await desk.until(lambda: desk.told("/no/such/file"))

    sit_down(visit)


def test_the_list_comes_back_when_the_mixers_go(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        assert desk.chat.chats.display
        await desk.press("f5")
        assert desk.chat.panel.display and not desk.chat.chats.display
        await desk.press("f5")
        assert desk.chat.chats.display
        await desk.pilot.resize_terminal(80, 24)
        await desk.until(lambda: not desk.chat.chats.display)
        await desk.pilot.resize_terminal(120, 36)
        await desk.until(lambda: desk.chat.chats.display)
        await desk.press("ctrl+b", "f5", "f5")
        assert not desk.chat.chats.display

    sit_down(visit, size=(120, 36))


def test_the_first_start_is_whole_after_every_resize(sit_down: Sit) -> None:
    said = (WHAT, KEPT, "Try the built-in demo", *PROMPTS, "Get a larger model")

    async def visit(desk: Desk) -> None:
        # Small, large and small again: what was shown before must not matter.
        for size in ((80, 24), (80, 20), (120, 36), (80, 24)):
            await desk.pilot.resize_terminal(*size)
            # The header's name is enough where rows are saved.
            name, high = desk.chat.query("FirstRun > Static").first(), size[1] >= HIGH
            await desk.until(lambda name, high: name.display == high, name, high)
            await desk.until(lambda: all(each in desk.seen() for each in said))

    sit_down(visit, first=True)


def test_figures_of_a_reply_go_with_its_chat(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        await desk.until(lambda: "tokens" in desk.seen().splitlines()[-1])
        await desk.press("ctrl+n")
        await desk.until(lambda: "tokens" not in desk.seen().splitlines()[-1])

    sit_down(visit)


def test_what_was_found_is_in_sight(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        with Store.open(desk.path) as store:
            id, parent = store.create(title="Long").id, None
            for number in range(40):
                text = "zebra" if number == 3 else f"{number} words " * 60
                parent = store.add(id, "user", text, parent=parent).id
        await desk.press("f5", "ctrl+f", *"zebra", "enter")
        await desk.until(lambda: desk.open.id == id)
        await desk.until(lambda: desk.app.focused in desk.views)
        view = desk.app.focused
        assert isinstance(view, MessageView) and view.text == "zebra"
        pane = desk.chat.transcript
        await desk.until(lambda: pane.region.contains_region(view.region))
        assert pane.region.width > 60

    sit_down(visit, size=(80, 24))


def test_the_line_stands_where_the_context_begins(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("f5")
        while desk.open.left_out == 0:
            await desk.say("word " * 300)
            assert len(desk.views) < 40
        assert len(desk.chat.transcript.query(ContextLine)) == 1
        before = desk.open.left_out
        await desk.chat.pane.open(desk.open.id)
        await desk.until(lambda: desk.open.left_out == before)
        await desk.until(lambda: len(desk.chat.transcript.query(ContextLine)) == 1)

    sit_down(visit)


def test_an_export_is_called_after_the_title(
    sit_down: Sit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        await do(desk, "/export")
        await desk.until(lambda: "my-name-is-bob.md" in desk.seen())
        asked = "".join(str(each.render()) for each in desk.app.screen.query(Static))
        assert str(tmp_path) in asked
        await desk.press("enter")
        await desk.until((tmp_path / "my-name-is-bob.md").exists)

    sit_down(visit, size=(200, 40))


async def do(desk: Desk, command: str) -> None:
    desk.chat.composer.write(command)
    await desk.press("escape", "enter")
    await desk.pilot.pause()
