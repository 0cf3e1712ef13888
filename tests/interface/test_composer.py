"""The composer: lines, pastes, what was asked before, an editor of one's own."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from desk import Desk
from textual.events import Paste

from genesis_chat.history import Store
from genesis_chat.tui.widgets.composer import AFTER_PASTE_SECONDS

Sit = Callable[..., None]
LONG = "\n".join(f"line {n}" for n in range(40))


def paste(desk: Desk, text: str) -> None:
    desk.app.post_message(Paste(text))


@pytest.mark.parametrize("key", ["shift+enter", "alt+enter", "ctrl+j"])
def test_a_key_breaks_lines_and_enter_sends(sit_down: Sit, key: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press(*"one", key, *"two")
        assert desk.chat.composer.text == "one\ntwo"
        await desk.turn("enter")
        assert desk.stored()[0].content == "one\ntwo"

    sit_down(visit)


def test_enter_and_the_other_keys_can_be_swapped(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press(*"one", "enter", *"two")
        assert desk.chat.composer.text == "one\ntwo"
        await desk.turn("alt+enter")
        assert desk.stored()[0].content == "one\ntwo"

    sit_down(visit, enter_sends=False)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The composer's time in seconds, which passes only when a test says so."""
    seconds = [100.0]
    clock = SimpleNamespace(monotonic=lambda: seconds[0])
    monkeypatch.setattr("genesis_chat.tui.widgets.composer.time", clock)
    return seconds


def test_enter_right_after_a_paste_does_not_send(
    sit_down: Sit, now: list[float]
) -> None:
    async def visit(desk: Desk) -> None:
        paste(desk, "half of it")
        await desk.until(lambda: desk.chat.composer.text)
        now[0] += 0.049
        await desk.press("enter")
        assert desk.chat.composer.text == "half of it\n" and not desk.stored()
        now[0] += 0.051
        await desk.turn("enter")
        assert desk.stored()[0].content == "half of it\n"

    sit_down(visit)


def test_a_long_paste_is_folded_and_sent_whole(sit_down: Sit, now: list[float]) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press(*"Read: ")
        paste(desk, LONG.replace("\n", "\r\n"))
        await desk.until(lambda: "pasted 40 lines" in desk.chat.composer.text)
        assert "\n" not in desk.chat.composer.text
        now[0] += 2 * AFTER_PASTE_SECONDS
        await desk.turn("enter")
        assert desk.stored()[0].content == f"Read: {LONG}"

    sit_down(visit)


def test_up_and_down_go_through_what_was_asked(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("Hello!")
        await desk.say("My name is Bob.")
        await desk.press(*"draft")
        await desk.press("up")
        assert desk.chat.composer.text == "My name is Bob."
        await desk.press("up")
        assert desk.chat.composer.text == "Hello!"
        await desk.press("up")
        assert desk.chat.composer.text == "Hello!"
        await desk.press("down", "down")
        assert desk.chat.composer.text == "draft"

    sit_down(visit)


def test_nothing_is_lost_by_going_through_them(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        composer = desk.chat.composer
        await desk.say("Hello!")
        await desk.say("My name is Bob.")
        await desk.press(*"draft", "up", "end", *" And?")
        assert composer.draft == "draft\n\nMy name is Bob. And?"
        with Store.open(desk.path) as store:
            id = desk.open.id
            await desk.until(lambda: store.draft(id) == composer.draft)
        # What was made of a question is there when one comes back.
        await desk.press("up")
        assert composer.text == "Hello!"
        await desk.press("down")
        assert composer.text == "My name is Bob."
        await desk.press("down")
        assert composer.text == "draft\n\nMy name is Bob. And?"
        # And when a question is sent instead: two rows up, and two questions.
        await desk.press("up", "up", "up", "up")
        await desk.turn("enter")
        assert desk.stored()[-2].content == "Hello!"
        assert composer.text == "draft\n\nMy name is Bob. And?"
        await desk.turn("enter")
        assert desk.stored()[-2].content == "draft\n\nMy name is Bob. And?"
        assert composer.text == ""

    sit_down(visit)


def test_what_is_folded_comes_back_too(sit_down: Sit, now: list[float]) -> None:
    async def visit(desk: Desk) -> None:
        composer = desk.chat.composer
        await desk.say("Hello!")
        paste(desk, LONG)
        await desk.until(lambda: "pasted 40 lines" in composer.text)
        await desk.press("up", "end", *" Again!")
        now[0] += 2 * AFTER_PASTE_SECONDS
        await desk.turn("enter")
        assert desk.stored()[-2].content == "Hello! Again!"
        assert "pasted 40 lines" in composer.text and composer.whole == LONG

    sit_down(visit)


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ('sed -i s/cat/dog/ "$1"', "my dog"),
        # Ctrl-C goes to both: the interface stays, and the editor may end by it.
        ('kill -INT $PPID; sed -i s/cat/dog/ "$1"', "my dog"),
        ('kill -INT $$; sed -i s/cat/dog/ "$1"', "my cat"),
    ],
)
def test_the_editor_of_a_person_changes_the_message(
    sit_down: Sit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    found: str,
) -> None:
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.delenv("VISUAL", raising=False)

    class Away:
        def __enter__(self) -> None: ...
        def __exit__(self, *error: object) -> None: ...

    async def visit(desk: Desk) -> None:
        # A pilot has no terminal to hand over.
        monkeypatch.setattr(type(desk.app), "suspend", lambda self: Away())
        desk.chat.composer.write("my cat")
        # Editors that change a file within a second of its making.
        os.utime(editor)
        await desk.press("ctrl+g")
        if found == "my cat":
            await desk.until(lambda: desk.told("The editor failed"))
        await desk.until(lambda: desk.chat.composer.text == found)

    sit_down(visit)


def test_a_blank_message_is_not_sent(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        desk.chat.composer.write(" \n\t ")
        await desk.press("enter")
        assert not desk.stored() and not desk.turns_begun()

    sit_down(visit)


def test_hostile_pastes_become_text(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        paste(desk, "a\x1b]0;title\x07b\x9b31mc")
        await desk.until(lambda: desk.chat.composer.text)
        assert not any(c in desk.chat.composer.text for c in "\x1b\x07\x9b")

    sit_down(visit)
