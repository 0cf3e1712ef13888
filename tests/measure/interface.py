"""How quick the interface is, and what it costs: run it on a machine at rest.

`python tests/measure/interface.py [rest] [start] [keys] [memory]` prints what it finds.
"""

import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS)]

from terminal import Screen  # noqa: E402  # beside this folder

from genesis_chat.history import (  # noqa: E402
    NewConversation,
    NewMessage,
    Role,
    Store,
)
from genesis_chat.models import ensure_builtin  # noqa: E402

SIZE = (120, 36)
PACED = (sys.executable, str(TESTS / "measure" / "paced.py"))
MESSAGES, KEYS, PACE, TURNS, MORE = 2000, 200, 60, 10_000, 100
REST_SECONDS = 30
QUESTION, ANSWER = "\x1b[c", "\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?62c"
# A letter of its own for each key, from here on: what is seen is that key.
FIRST_LETTER = 0x0400
PARAGRAPH = (
    "Some **bold** words, a list and `code`:\n\n- one\n- two\n\n"
    "```python\nprint('hello')\n```\n"
)


def main(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["GENESIS_CHAT_HOME"] = home
        ensure_builtin()
        for name in names or ["rest", "start", "keys", "memory"]:
            {"rest": rest, "start": start, "keys": keys, "memory": memory}[name]()


def rest() -> None:
    """What it takes while nobody does anything, its model's process included."""
    with Screen.start("-m", "builtin", size=SIZE) as screen:
        screen.read_until("builtin ·")
        screen.type("Hello\r")
        screen.read_until("first token")
        # A notice stays for a moment, and garbage is collected behind a turn.
        _wait(screen, 10)
        pids = [screen.process.pid, *_children(screen.process.pid)]
        used, woken, shown = sum(map(_cpu, pids)), _wakes(pids), len(screen.shown)
        _wait(screen, REST_SECONDS)
        used = sum(map(_cpu, pids)) - used
        print(
            f"rest: {100 * used / REST_SECONDS:.2f} % of a core, "
            f"{_wakes(pids) - woken} wake-ups and {len(screen.shown) - shown} bytes "
            f"written in {REST_SECONDS} s"
        )
        screen.type("\x11")
        screen.finish()


def start() -> None:
    """From the command to the first picture, and to the model."""
    painted, ready = [], []
    for _ in range(7):
        began = time.perf_counter()
        with Screen.start("-m", "builtin", size=SIZE) as screen:
            # Terminals answer what colours they have, so that nobody waits for it.
            screen.read_until(QUESTION)
            screen.type(ANSWER)
            screen.read_until("Type a message")
            painted.append(time.perf_counter() - began)
            screen.read_until("builtin ·")
            ready.append(time.perf_counter() - began)
            screen.type("\x11")
            screen.finish()
    print(
        f"start: first paint {statistics.median(painted):.2f} s, and ready to type; "
        f"model ready {statistics.median(ready):.2f} s (medians of 7)"
    )


def keys() -> None:
    """From a key to the screen while a reply streams below 2,000 messages."""
    id = _long_conversation()
    for label, more in (("short chat", ()), (f"{MESSAGES} messages", (id,))):
        with _streaming(*more) as screen:
            found = sorted(_press(screen, n) for n in range(KEYS))
            middle, late = found[len(found) // 2], found[int(len(found) * 0.95)]
            print(
                f"keys: {label}, {PACE} tokens/s: median {1000 * middle:.0f} ms, "
                f"95th percentile {1000 * late:.0f} ms (of {KEYS} keys)"
            )
    with _streaming() as screen:
        seconds, tokens = _cpu(screen.process.pid), _tokens(screen)
        while _tokens(screen) < tokens + 300:
            screen.drain()
        used = _cpu(screen.process.pid) - seconds
        print(f"cpu: {1000 * used / (_tokens(screen) - tokens):.1f} ms a token")


def memory() -> None:
    """What 10,000 streamed turns leave behind, in many chats and in one."""
    from measure.turns import run, run_in_one_chat

    home = Path(os.environ["GENESIS_CHAT_HOME"])
    run(TURNS, home / "turns.sqlite3")
    run_in_one_chat(TURNS, MORE, home / "long.sqlite3")


def _long_conversation() -> str:
    roles: tuple[Role, Role] = ("user", "assistant")
    said = [
        NewMessage(roles[n % 2], f"{n} {PARAGRAPH}", n - 1 if n else None)
        for n in range(MESSAGES)
    ]
    with Store.open(None) as store:
        return store.insert([NewConversation("Long", "", tuple(said))])[0].id


@contextmanager
def _streaming(*conversation: str) -> Iterator[Screen]:
    more = ("--conversation", *conversation) if conversation else ()
    arguments = ("--pace", str(PACE), *more)
    with Screen.start(*arguments, size=SIZE, command=PACED) as screen:
        screen.read_until("builtin ·")
        screen.type("Tell me a story\r")
        screen.read_until("tok/s")
        yield screen
        screen.type("\x03\x11")


def _press(screen: Screen, number: int) -> float:
    """Seconds from a key to the bytes that show it."""
    key = chr(FIRST_LETTER + number)
    before, began = len(screen.shown), time.perf_counter()
    screen.type(key)
    while key.encode() not in screen.shown[before:]:
        screen.drain()
        assert time.perf_counter() - began < 5, "the key never came"
    found = time.perf_counter() - began
    # So that keys do not come at one place of the beat.
    time.sleep(0.037 + 0.005 * (number % 7))
    return found


def _wait(screen: Screen, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        screen.drain()


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(each) for path in found for each in path.read_text().split()]


def _wakes(pids: list[int]) -> int:
    """How often the threads of processes have given up the processor."""
    statuses = (s for p in pids for s in Path(f"/proc/{p}/task").glob("*/status"))
    count = re.compile(r"^voluntary_ctxt_switches:\s+(\d+)", re.MULTILINE)
    return sum(int(n) for s in statuses for n in count.findall(s.read_text()))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _tokens(screen: Screen) -> int:
    found = re.findall(r"(\d+) tokens ·", screen.picture(SIZE))
    return int(found[-1]) if found else 0


if __name__ == "__main__":
    main(sys.argv[1:])
