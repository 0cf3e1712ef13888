"""While nobody does anything and nothing comes, nothing runs."""

import contextlib
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from desk import Desk
from terminal import Screen
from textual.timer import Timer
from waiting import wait_until

from genesis_chat.errors import GenerationError
from genesis_chat.models import ensure_builtin

Sit = Callable[..., None]
SIZE = (100, 30)
# Linux's calls that wait, and which argument limits them: milliseconds, or the
# address of a time. Where it is for ever, or nowhere, only an event ends the wait.
SYSTEM_CALLS = {
    "x86_64": {
        "waits": {"7": (2, None), "232": (3, None), "281": (3, None)}
        | {"23": (None, 4), "202": (None, 3), "270": (None, 4), "271": (None, 2)},
        "sleeps": {"35", "230"},
    },
    "aarch64": {
        "waits": {"22": (3, None)}
        | {"72": (None, 4), "73": (None, 2), "98": (None, 3)},
        "sleeps": {"101", "115"},
    },
}
_HERE: dict[str, Any] = SYSTEM_CALLS.get(platform.machine(), {})
WAITS: dict[str, tuple[int | None, int | None]] = _HERE.get("waits", {})
SLEEPS: set[str] = _HERE.get("sleeps", set())
FOR_EVER = 0xFFFFFFFF


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
        await desk.press("f5")
        # A key would wait for a pause, which may come only after the reply.
        desk.chat.composer.send()
        await desk.until(lambda: desk.tokens > 2)
        assert desk.chat.pane.replies.shown._beat
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


STEPS = {
    "palette": ["ctrl+p", "t", "h", "escape"],
    "palette that finds nothing": ["ctrl+p", "q", "q", "q", "escape"],
    "themes": [*"/theme", "enter", "g", "escape"],
    "find": ["f7", "i", "enter", "n", "escape"],
    "search": ["ctrl+f", "c", "a", "down", "escape"],
    "explained layer": ["f5", "enter", "down", "escape", "escape"],
    "colours": ["f6", "f6", "f6", "f6"],
    "menu": ["ctrl+up", "m", "escape", "escape"],
    "list of models": ["f2", "b", "u", "escape", "escape"],
}


@pytest.mark.parametrize("case", STEPS)
def test_no_timer_is_left_after_any_step(sit_down: Sit, case: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("Hello!")
        for key in STEPS[case]:
            await desk.press(key)
            await at_rest(desk)
        await desk.until(lambda: desk.app.screen is desk.chat)

    sit_down(visit)


def test_no_timer_is_left_after_a_reply_that_fails(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> Iterator[Any]:
        raise GenerationError("The model's process ended by signal 9.")

    async def visit(desk: Desk) -> None:
        monkeypatch.setattr("genesis_chat.engine.LocalEngine.reply", fail)
        desk.chat.composer.write("Hello!")
        await desk.press("enter")
        await desk.idle()
        await desk.until(lambda: "signal 9" in desk.seen())
        await desk.until(lambda: not [t for t in timers(desk) if t._repeat is None])

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
        assert desk.chat.pane.notice.more == ""
        await desk.press("pageup")
        await desk.until(lambda: "more" in desk.chat.pane.notice.more)
        await desk.press("ctrl+end")
        await desk.until(lambda: desk.chat.pane.notice.more == "")

    sit_down(visit)


def limited(call: str) -> bool:
    """Whether a thread in this system call of Linux goes on though nothing happens."""
    number, *arguments = call.split()
    if number in SLEEPS or not number.isdigit():
        return True
    milliseconds, pointer = WAITS.get(number, (None, None))
    if milliseconds is not None:
        return int(arguments[milliseconds], 16) & 0xFFFFFFFF != FOR_EVER
    return pointer is not None and int(arguments[pointer], 16) != 0


def waking(pid: int) -> list[str]:
    """What threads of a process, and of its children, will not wait for an event."""
    found = []
    for each in (pid, *(c.pid for c in psutil.Process(pid).children(recursive=True))):
        for task in Path(f"/proc/{each}/task").iterdir():
            # A thread may end just now.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                call = (task / "syscall").read_text(encoding="ascii")
                found += [f"{each} {task.name} {call}"] if limited(call) else []
    return found


@pytest.mark.skipif(
    platform.machine() not in SYSTEM_CALLS or not Path("/proc/self/syscall").exists(),
    reason="needs Linux's /proc and its system calls",
)
def test_no_thread_of_the_program_wakes_up(private_home: Path, compiled: None) -> None:
    ensure_builtin()
    with Screen.start("-m", "builtin", size=SIZE) as screen:
        screen.see("builtin · ", SIZE)
        screen.type("Hello\r")
        screen.see("first token", SIZE)
        screen.type("\x1b")
        # Once all of them wait, without a limit, only an event can wake one.
        screen.read_while(lambda: waking(screen.process.pid))
        screen.type("x\x11")
        assert screen.finish() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's /proc")
@pytest.mark.parametrize(
    ("wait", "wakes"),
    [
        ("time.sleep(100)", True),
        ("queue.Queue().get(timeout=100)", True),
        ("select.select([0], [], [], 100)", True),
        ("select.poll().poll(100000)", True),
        ("select.epoll().poll(100)", True),
        ("sys.stdin.read()", False),
        ("queue.Queue().get()", False),
        ("select.select([0], [], [])", False),
        ("select.poll().poll()", False),
        ("select.epoll().poll()", False),
    ],
)
def test_a_thread_that_would_wake_up_is_seen(wait: str, wakes: bool) -> None:
    script = f"import queue, select, sys, time; print(flush=True); {wait}"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        task = Path(f"/proc/{process.pid}")
        # It is in no call until it waits.
        wait_until(lambda: limited((task / "syscall").read_text()) is wakes)
        wait_until(lambda: (task / "stat").read_text().split()[2] == "S")
        assert limited((task / "syscall").read_text()) is wakes
        process.kill()
