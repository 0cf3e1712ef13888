"""The interface under a pilot: the real store, the real engine, the built-in model."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from desk import WARNING, Desk, Visit, leave
from loaded import loaded
from pictured import keep_chats
from textual import _wait
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from turns import GREEDY
from waiting import PATIENCE_SECONDS

from genesis_chat import Genesis
from genesis_chat.engine import Engine, Event, LocalEngine, Request, Snapshots
from genesis_chat.model_choice import ModelChoice
from genesis_chat.models import ensure_builtin
from genesis_chat.tui.app import GenesisApp
from genesis_chat.tui.services.turns import Turns
from genesis_chat.tui.start import Start


@pytest.fixture(scope="session")
def genesis(tmp_path_factory: pytest.TempPathFactory) -> Genesis:
    """The built-in model, loaded once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENESIS_CHAT_HOME", str(tmp_path_factory.mktemp("builtin")))
        directory = ensure_builtin().directory
    return Genesis.load(directory)


@pytest.fixture(scope="session", autouse=True)
def quick_pilot() -> Iterator[None]:
    """A pilot that waits for the interface alone, and looks more often.

    Its own way waits, at every key, until a model that writes beside it is done.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_wait, "process_time", time.thread_time)
        patch.setattr(_wait, "SLEEP_GRANULARITY", 1 / 200)
        patch.setattr(_wait, "SLEEP_IDLE", 1 / 4000)
        yield


@pytest.fixture(scope="session", autouse=True)
def styles_parsed_once() -> Iterator[None]:
    """The same style sheets, parsed once for all applications of a process."""
    parse, parsed = Stylesheet._parse_rules, {}

    def parse_once(sheet: Stylesheet, *arguments: Any, **options: Any) -> list[RuleSet]:
        variables = tuple(sheet._variables.items())
        key = (variables, arguments, tuple(options.items()))
        if key not in parsed:
            parsed[key] = parse(sheet, *arguments, **options)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        yield


class Slow(LocalEngine):
    """A model at a reader's pace, as a larger one on a smaller computer."""

    def reply(
        self, request: Request, cancelled: Callable[[], bool] = lambda: False
    ) -> Generator[Event]:
        for event in super().reply(request, cancelled):
            time.sleep(0.02)
            yield event


@pytest.fixture
def sit_down(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., None]:
    """Runs an async test at the interface; options are those of `Start`.

    With an `engine` that one replies, whatever the model is called.
    """

    def open_engine(choice: ModelChoice, snapshots: Snapshots) -> Engine:
        genesis: Genesis = request.getfixturevalue("genesis")
        kind = Slow if choice.name == "slow" else LocalEngine
        told = (WARNING,) if choice.name == "warned of" else ()
        return kind(replace(loaded(genesis), warnings=told), snapshots)

    @asynccontextmanager
    async def at_desk(size: tuple[int, int], **options: Any) -> AsyncIterator[Desk]:
        path = tmp_path / "history.sqlite3"
        defaults: dict[str, Any] = {
            "model": "builtin",
            "settings": GREEDY,
            "history": path,
            # Whatever terminal the tests run in.
            "theme": "genesis-dark",
        }
        engine: Engine | None = options.pop("engine", None)
        options = {**defaults, **options}
        start = Start(**{**options, "model": ModelChoice(options["model"])})
        app = GenesisApp(start, (lambda *_: engine) if engine else open_engine)
        # A busy computer may take longer than a notice is there for.
        patient = mock.patch.object(app, "NOTIFICATION_TIMEOUT", PATIENCE_SECONDS)
        try:
            with patient:
                async with app.run_test(size=size, notifications=True) as pilot:
                    desk = Desk(app, pilot, path)
                    if not start.first:
                        await desk.until(lambda: app.model)
                    await desk.until(lambda: app.chat.pane.opening.shown_once)
                    yield desk
                    await leave(app)
        finally:
            app.close()

    def run(visit: Visit, size: tuple[int, int] = (120, 40), **options: Any) -> None:
        if "engine" not in options:
            # Here, as the engine is opened in a thread.
            request.getfixturevalue("genesis")

        async def body() -> None:
            async with at_desk(size, **options) as desk:
                await visit(desk)

        asyncio.run(body())

    return run


@pytest.fixture
def same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are the same on every computer."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setattr(Turns, "memory", lambda self: 123_000_000)


@pytest.fixture
def chats(tmp_path: Path) -> str:
    """A history with a few conversations; the id of the one to look at."""
    return keep_chats(tmp_path / "history.sqlite3")
