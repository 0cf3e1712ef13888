"""Choosing, downloading and loading models while one chats."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from adapted import install_adapter
from desk import WARNING, Desk
from talking import Talking
from textual.widgets import Button, ProgressBar
from textual.worker import WorkerState
from waiting import PATIENCE_SECONDS

from genesis_chat.errors import ModelError
from genesis_chat.model_choice import ModelChoice
from genesis_chat.models import ensure_builtin
from genesis_chat.tui.chat.replies import BUSY
from genesis_chat.tui.dialogs import models as dialog
from genesis_chat.tui.dialogs.model_rows import Row, model_rows
from genesis_chat.tui.dialogs.panel import TitleRow
from genesis_chat.tui.services import download
from genesis_chat.tui.services.history import History
from genesis_chat.tui.services.messages import ModelFailed
from genesis_chat.tui.services.turns import Turns
from genesis_chat.tui.widgets.welcome import PROMPTS

Sit = Callable[..., None]
BOB = "My name is Bob."


def test_what_a_model_has_to_say_of_itself_is_shown(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.told(WARNING))
        assert desk.app.model and desk.app.model.warnings == (WARNING,)

    sit_down(visit, model="warned of")


def test_the_first_start_offers_prompts_and_the_full_model(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: "Try the built-in demo" in desk.seen())
        assert "300 MB" in desk.seen() and "93 MB" in desk.seen()
        # Nothing has to be answered first.
        await desk.until(lambda: desk.app.model)
        await desk.turn("2")
        assert "Santiago" in desk.texts[-1] and len(desk.stored()) == 2
        assert "Try the built-in demo" not in desk.seen()

    sit_down(visit, first=True)


def test_a_prompt_that_is_picked_beside_a_reply_is_written(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.app.model)
        await desk.press("1")
        await desk.until(lambda: desk.written)
        await desk.press("ctrl+n")
        await desk.until(lambda: "Try the built-in demo" in desk.seen())
        await desk.press("2")
        await desk.until(lambda: desk.told(BUSY))
        assert desk.chat.composer.text == PROMPTS[1]
        desk.app.turns.stop()
        await desk.idle()

    sit_down(visit, first=True, engine=Talking())


def test_at_the_first_start_what_is_typed_goes_to_the_composer(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.app.model)
        await desk.press(*"Hi", "space", *"12")
        await desk.until(lambda: desk.chat.composer.text == "Hi 12")
        assert not desk.turns_begun()

    sit_down(visit, first=True)


def test_the_first_download_shows_how_far_it_is(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()
    monkeypatch.setattr(download, "install", lambda *_, **__: asked.set())

    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.app.model)
        desk.chat.query_one("#first-genesis-152m-instruct", Button).press()
        await desk.until(asked.is_set)
        await desk.until(lambda: "is installed" in desk.seen())

    sit_down(visit, first=True)


def test_a_download_goes_on_while_one_chats(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, asked = threading.Semaphore(0), threading.Event()

    def install(source: str, name: str, *, progress: Callable[..., None]) -> None:
        asked.set()
        for done in range(0, 101, 10):
            step.acquire(timeout=30)
            progress("Downloading", done * 2**20, 100 * 2**20)

    monkeypatch.setattr(download, "install", install)
    monkeypatch.setattr(download, "SPEED_SECONDS", 0.0)

    async def visit(desk: Desk) -> None:
        await desk.dialog("f2")
        await desk.until(lambda: "Genesis-152M · about" in desk.seen())
        desk.app.screen.query_one("#fetch", Button).press()
        await desk.until(asked.is_set)
        for _ in range(5):
            step.release()
        await desk.until(lambda: "40%" in desk.seen() and "/s" in desk.seen())
        assert desk.app.screen.query_one(ProgressBar).display
        await desk.press("escape")
        await desk.closed()
        await desk.say(BOB)
        assert len(desk.stored()) == 2
        step.release()
        await desk.until(lambda: "Downloading: 50%" in desk.seen())
        await desk.dialog("f2")
        await desk.until(lambda: "Stop" in desk.seen())
        desk.app.screen.query_one("#fetch", Button).press()
        await desk.until(lambda: "Stopping" in desk.seen())
        step.release()
        await desk.until(lambda: "It will resume where it stopped" in desk.seen())
        assert not desk.app.download.running

    sit_down(visit)


def test_models_that_are_found_too_late_are_not_shown(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = threading.Event()

    def slow_rows() -> list[Row]:
        assert wanted.wait(timeout=PATIENCE_SECONDS)
        return model_rows()

    monkeypatch.setattr(dialog, "model_rows", slow_rows)

    async def visit(desk: Desk) -> None:
        await desk.dialog("f2")
        models = desk.app.screen
        (look,) = (each for each in desk.app.workers if each.node is models)

        async def rows_go_first(title: TitleRow) -> None:
            # The dialog is being taken apart: its list is gone, its title not yet.
            async with asyncio.timeout(PATIENCE_SECONDS):
                while models.query("#rows"):
                    await asyncio.sleep(0.001)
                wanted.set()
                while not look.is_finished:
                    await asyncio.sleep(0.001)

        monkeypatch.setattr(TitleRow, "on_unmount", rows_go_first, raising=False)
        await desk.press("escape")
        await desk.closed()
        await desk.until(lambda: look.is_finished)
        assert look.state == WorkerState.SUCCESS

    sit_down(visit)


def test_the_small_model_is_offered_too(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, asked = threading.Semaphore(0), []

    def install(source: str, name: str, **options: Any) -> None:
        asked.append((source, name, options["packaged"]))
        options["progress"]("download", 1, 2)
        step.acquire(timeout=30)

    monkeypatch.setattr(download, "install", install)

    async def visit(desk: Desk) -> None:
        await desk.dialog("f2")
        await desk.until(lambda: "SmolLM2-135M · about" in desk.seen())
        assert "Genesis-152M · about" in desk.seen()
        desk.app.screen.query_one("#fetch-smollm2", Button).press()
        await desk.until(lambda: "Stop" in desk.seen())
        # One at a time.
        assert "Genesis-152M · about" not in desk.seen()
        step.release()
        await desk.until(lambda: "smollm2 is installed" in desk.seen())
        assert asked == [("smollm2", "smollm2", True)]

    sit_down(visit, first=True)


def test_a_download_that_fails_says_why(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(source: str, name: str, **options: Any) -> None:
        raise ModelError("The Hub cannot be reached; check the network.")

    monkeypatch.setattr(download, "install", install)

    async def visit(desk: Desk) -> None:
        await desk.dialog("f2")
        await desk.until(lambda: "Genesis-152M · about" in desk.seen())
        desk.app.screen.query_one("#fetch", Button).press()
        await desk.until(lambda: "cannot be reached" in desk.seen())
        await desk.press("escape")
        await desk.closed()
        await desk.say(BOB)

    sit_down(visit)


def test_adapters_are_chosen_below_their_model(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_adapter(ensure_builtin())
    asked: list[object] = []

    async def visit(desk: Desk) -> None:
        await desk.press("f2")
        await desk.until(lambda: "└ lights" in desk.seen())
        lines = desk.seen().splitlines()
        at = next(n for n, line in enumerate(lines) if "└ lights" in line)
        assert "builtin" in lines[at - 1]
        assert "adapter" in lines[at] and "lights.jsonl" in lines[at]
        monkeypatch.setattr(
            desk.app.turns, "open_model", lambda m: asked.append(m.name)
        )
        await desk.press("down", "enter")
        await desk.until(lambda: asked)
        # By its command, too.
        desk.app.use_model("lights")
        assert asked == ["lights", "lights"] and "lights" in desk.app.model_names()

    sit_down(visit)


def test_a_wrong_name_does_not_cost_the_model_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []
    history = History(tmp_path / "history.sqlite3", told.append)
    turns = Turns(told.append, history)
    try:
        turns.open_model(ModelChoice("builtin")).result()
        turns.open_model(ModelChoice("nosuch")).result()
        (failed,) = [each for each in told if isinstance(each, ModelFailed)]
        assert "nosuch" in failed.sentence
        assert failed.still and failed.still.name == "builtin"
        assert turns.memory()
        monkeypatch.setattr("subprocess.Popen", None)
        turns.open_model(ModelChoice("builtin")).result()
        assert isinstance(told[-1], ModelFailed) and told[-1].still is None
        assert "Unexpected TypeError" in told[-1].sentence
    finally:
        turns.close()
        history.close()


def test_a_model_that_fails_while_it_loads_is_told(tmp_path: Path) -> None:
    class Fails:
        @property
        def model(self) -> object:
            raise ModelError("There is not enough memory.")

        def close(self) -> None: ...

    told: list[Any] = []
    history = History(tmp_path / "history.sqlite3", told.append)
    turns = Turns(told.append, history, lambda *_: Fails())  # type: ignore[arg-type]
    try:
        turns.open_model(ModelChoice("any")).result()
        assert told[-1].sentence == "There is not enough memory."
        assert told[-1].still is None and turns.memory() is None
    finally:
        turns.close()
        history.close()
