"""All screens alike: themes, sizes, the focus, notices, how they are left."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from desk import Desk
from slow import slow
from textual.widgets import TextArea

from genesis_chat.config import load
from genesis_chat.model_choice import ModelChoice
from genesis_chat.tui.app import GenesisApp
from genesis_chat.tui.app import run as run_interface
from genesis_chat.tui.start import Start

Sit = Callable[..., None]
BOB = "My name is Bob."


def test_the_theme_is_kept_for_the_next_start(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.command("/theme textual-light")
        await desk.until(lambda: desk.app.theme == "textual-light")
        await desk.until(lambda: load().theme == "textual-light")
        await desk.command("/theme mauve")
        await desk.until(lambda: desk.told("No theme called 'mauve'"))

    sit_down(visit)


def test_an_unknown_theme_in_the_settings_file_is_told(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.told("No theme called 'mauve'"))
        await desk.say(BOB)

    sit_down(visit, theme="mauve")


@pytest.mark.parametrize("size", [(40, 12), slow((80, 24)), slow((200, 60))])
def test_it_works_in_any_size(sit_down: Sit, size: tuple[int, int]) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        assert "Bob" in desk.seen()
        for key in ("f1", "f2", "f3", "f4"):
            await desk.dialog(key)
            inside = desk.app.screen.query_one(".dialog").region
            assert inside.right <= size[0] and inside.bottom <= size[1]
            await desk.press("escape")
            await desk.closed()
        composer = desk.chat.composer.region
        assert composer.bottom < size[1] and composer.height >= 1
        await desk.pilot.resize_terminal(size[0] + 30, size[1] + 10)
        await desk.say("What is my name?")
        assert len(desk.stored()) == 4

    sit_down(visit, size=size)


def test_a_person_without_colours_sees_what_has_the_focus(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        before = desk.seen()
        await desk.press("ctrl+up")
        await desk.until(lambda: " tokens\n" in desk.seen() or desk.seen() != before)

    sit_down(visit)


@pytest.mark.parametrize("key", ["f3", "e"])
def test_leaving_asks_before_it_throws_away(sit_down: Sit, key: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        if key == "e":
            await desk.press("ctrl+up", "up")
        await desk.dialog(key)
        await desk.press(*"precious", "ctrl+q")
        await desk.until(lambda: "Discard" in desk.seen())
        # Whoever presses Enter without reading loses nothing.
        await desk.press("enter")
        await desk.until(lambda: "Discard" not in desk.seen())
        assert desk.app.screen.query_one(TextArea).text.endswith("precious")
        assert desk.app.is_running

    sit_down(visit)


def test_notices_leave_the_composer_free(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        for number in range(3):
            desk.chat.pane.parts.tell(f"Notice {number}", error=True)
        await desk.until(lambda: "Notice 2" in desk.seen())
        (rack,) = desk.app.screen.query("ToastRack")
        assert rack.region.bottom <= desk.chat.composer.region.y

    sit_down(visit)


def test_an_error_nobody_expected_gives_its_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(self: GenesisApp, **options: Any) -> None:
        self._return_code = 1

    monkeypatch.setattr(GenesisApp, "run", fail)
    start = Start(ModelChoice("builtin"), history=tmp_path / "history.sqlite3")
    assert run_interface(start) == 1
