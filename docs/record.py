"""Record the interface into an SVG that moves: `make recording`.

The program itself runs on a terminal of its own, with the built-in model and an empty
history; what is typed stands in `SCENE`. Idle time is shortened, nothing else.
"""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pyte
from animation import Frame, animation, line_of

TARGET = Path(__file__).parents[1] / "assets" / "recording.svg"
LARGEST = 1_000_000
SIZE = (96, 28)
COMMAND = (sys.executable, "-P", "-m", "genesis_chat", "-m", "builtin", "--temp", "0")
# What has not come after so long never will; what still moves then is not waited for.
PATIENCE_SECONDS, REST_SECONDS = 60.0, 5.0
# A look at the screen this often at most, and no pause longer than that.
EVERY_SECONDS, LONGEST_SECONDS = 0.1, 0.7
KEY_SECONDS = 0.05
ENTER, F5, CTRL_Q = "\r", "\x1b[15~", "\x11"


@dataclass(frozen=True)
class Step:
    """Keys to press, one after the other, and the text to wait for after them."""

    keys: str
    until: str
    rest: float = 1.0


SCENE = (
    Step("", "builtin", 0.8),
    Step("What is the capital of France?", "France?", 0.3),
    Step(ENTER, "is Paris", 1.2),
    Step("My name is Bob.", "Bob.", 0.3),
    Step(ENTER, "you, Bob", 1.0),
    Step(F5, "", 1.0),
    Step("What is my name?", "my name?", 0.3),
    Step(ENTER, "name is Bob", 1.0),
    Step("", "half-life", 3.0),
)


@dataclass
class Recording:
    """The frames of a program on a terminal, with idle time shortened."""

    terminal: int
    screen: pyte.Screen = field(default_factory=lambda: pyte.Screen(*SIZE))
    frames: list[Frame] = field(default_factory=list)
    at: float = 0.0
    _fed: float = field(default_factory=time.monotonic)
    _held: bytes = b""

    def __post_init__(self) -> None:
        self._stream = pyte.ByteStream(self.screen)

    def look(self, seconds: float) -> None:
        """Take what comes for a while; a frame if the screen has changed."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self.terminal], [], [], left)[0]:
                try:
                    data = os.read(self.terminal, 65536)
                except OSError:
                    self._stop("The program has ended")
                self._feed(data)
        rows = (
            line_of([self.screen.buffer[row][column] for column in range(SIZE[0])])
            for row in range(SIZE[1])
        )
        lines = tuple(rows)
        now = time.monotonic()
        self.at += min(now - self._fed, LONGEST_SECONDS if self.frames else 0)
        self._fed = now
        if not self.frames or self.frames[-1][1] != lines:
            self.frames.append((self.at, lines))

    def play(self, step: Step) -> None:
        """Press the keys, wait for the text, rest."""
        whole = step.keys.startswith("\x1b") or len(step.keys) == 1
        for key in [step.keys] if whole else step.keys:
            os.write(self.terminal, key.encode())
            self.look(KEY_SECONDS)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while step.until.lower() not in "\n".join(self.screen.display).lower():
            if time.monotonic() > deadline:
                self._stop(f"{step.until!r} has not come in {PATIENCE_SECONDS:.0f} s")
            self.look(EVERY_SECONDS)
        deadline, before = time.monotonic() + REST_SECONDS, len(self.frames)
        self.look(EVERY_SECONDS)
        while len(self.frames) > before and time.monotonic() < deadline:
            before = len(self.frames)
            self.look(3 * EVERY_SECONDS)
        self.at += step.rest

    def _stop(self, why: str) -> NoReturn:
        shown = "\n".join(row.rstrip() for row in self.screen.display)
        raise SystemExit(f"{why}; change SCENE in docs/record.py. Shown is:\n{shown}")

    def _feed(self, data: bytes) -> None:
        # The tests' own, so that both show the same.
        from terminal import BEGUN_SEQUENCE, UNKNOWN_TO_PYTE

        data = self._held + data
        begun = BEGUN_SEQUENCE.search(data)
        end = begun.start() if begun else len(data)
        data, self._held = data[:end], data[end:]
        self._stream.feed(UNKNOWN_TO_PYTE.sub(b"", data))


@contextmanager
def program() -> Iterator[int]:
    """The program on a terminal, with a home of its own; the terminal."""
    terminal, inside = pty.openpty()
    size = struct.pack("4H", SIZE[1], SIZE[0], 0, 0)
    fcntl.ioctl(inside, termios.TIOCSWINSZ, size)
    with tempfile.TemporaryDirectory() as home:
        own = {
            "GENESIS_CHAT_HOME": home,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        without = {"COLUMNS", "LINES", "NO_COLOR"}
        kept = {name: text for name, text in os.environ.items() if name not in without}
        process = subprocess.Popen(
            COMMAND,
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env={**kept, **own},
            start_new_session=True,
        )
        os.close(inside)
        try:
            yield terminal
        finally:
            os.write(terminal, CTRL_Q.encode())
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
            os.close(terminal)


def main() -> None:
    """Play the scene and write the file."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    with program() as terminal:
        recording = Recording(terminal)
        for step in SCENE:
            recording.play(step)
            print(f"{step.keys!r}, then {step.until!r}", flush=True)
    # The first frames are the shell's empty screen.
    frames = [frame for frame in recording.frames if any(frame[1])]
    first = frames[0][0]
    moved = [(at - first, lines) for at, lines in frames]
    text = animation(moved, SIZE, recording.at - first)
    if len(text.encode()) > LARGEST:
        raise SystemExit(f"{len(text.encode()):,} bytes: the scene is too long.")
    TARGET.write_text(text, "utf-8")
    print(f"{TARGET}: {len(moved)} frames, {len(text.encode()):,} bytes")


if __name__ == "__main__":
    main()
