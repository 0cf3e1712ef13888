"""While nobody does anything and nothing comes, nothing runs."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from desk import Desk
from terminal import PATIENCE_SECONDS, Screen
from textual.timer import Timer

from genesis_chat.models import ensure_builtin

Sit = Callable[..., None]
SIZE = (100, 30)
# The longest that may pass between two wake-ups of a program that polls.
LOOK_SECONDS = 2.0


def timers(desk: Desk) -> Iterator[Timer]:
    """All that will tick."""
    nodes = [desk.app, *desk.app.screen_stack]
    nodes += [each for screen in desk.app.screen_stack for each in screen.query("*")]
    for node in nodes:
        for timer in node._timers:
            task = timer._task
            if task is not None and not task.done() and timer._active.is_set():
                yield timer


async def at_rest(desk: Desk) -> None:
    await desk.until(lambda: not list(timers(desk)))


def test_no_timer_is_left_after_a_reply(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await at_rest(desk)
        desk.chat.composer.write("Tell me a story")
        await desk.press("f5", "enter")
        await desk.until(lambda: desk.chat.tokens > 2)
        assert desk.chat._beat
        await desk.press("escape")
        await desk.idle()
        await at_rest(desk)
        # Typing, and looking at another chat while a reply comes, leave none either.
        await desk.press(*"again", "enter", "ctrl+n", *"new")
        await desk.idle()
        await at_rest(desk)

    sit_down(visit, model="slow")


@pytest.mark.parametrize("keys", [["ctrl+f"], ["f1"], ["f3"], ["f4"], ["f2"], ["f5"]])
def test_no_timer_is_left_where_one_writes(sit_down: Sit, keys: list[str]) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press(*keys)
        await at_rest(desk)
        await desk.press("escape")
        await at_rest(desk)

    sit_down(visit)


def test_a_title_and_an_edit_rest_too(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("Hello!")
        desk.chat.action_rename_chat()
        await desk.until(lambda: desk.app.screen is not desk.chat)
        await at_rest(desk)
        await desk.press("escape", "ctrl+up", "up", "e")
        await desk.until(lambda: desk.app.screen is not desk.chat)
        await at_rest(desk)

    sit_down(visit)


def test_more_below_is_told_without_a_timer(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        for _ in range(4):
            await desk.say("What is the capital of Japan?\n" * 12)
        await at_rest(desk)
        assert desk.chat.composer.border_title == ""
        await desk.press("pageup")
        await desk.until(lambda: "more below" in str(desk.chat.composer.border_title))
        await desk.press("ctrl+end")
        await desk.until(lambda: desk.chat.composer.border_title == "")

    sit_down(visit)


def wakes(pid: int) -> dict[str, int]:
    """How often each thread of a process and of its children gave up the processor."""
    found = {}
    for each in (pid, *(c.pid for c in psutil.Process(pid).children(recursive=True))):
        for task in Path(f"/proc/{each}/task").iterdir():
            lines = (task / "status").read_text(encoding="ascii").splitlines()
            line = next(x for x in lines if x.startswith("voluntary_ctxt"))
            found[f"{each} {task.name}"] = int(line.split()[1])
    return found


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")
def test_no_thread_of_the_program_wakes_up(private_home: Path, compiled: None) -> None:
    ensure_builtin()
    with Screen.start("-m", "builtin", size=SIZE) as screen:
        screen.see("builtin · ", SIZE)
        screen.type("Hello\r")
        screen.see(" · first ", SIZE)
        screen.type("\x1b")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            before, written, looked = (
                wakes(screen.process.pid),
                len(screen.shown),
                time.monotonic(),
            )
            while time.monotonic() < looked + LOOK_SECONDS:
                screen.drain()
            if wakes(screen.process.pid) == before:
                assert len(screen.shown) == written
                break
            assert time.monotonic() < deadline, before
        screen.type("x\x11")
        assert screen.finish() == 0
