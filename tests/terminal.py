"""Running the command line as a person does: through pipes or on a terminal."""

import fcntl
import io
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest
from waiting import PATIENCE_SECONDS

from genesis_chat.cli import main

# -P: the folder a test runs in must not add modules of its own.
COMMAND = (sys.executable, "-P", "-m", "genesis_chat")
# With this seed the replies that tests interrupt go on until the context is full.
ENDLESS = (
    *("--temp", "50", "--top-k", "0", "--top-p", "1"),
    *("--max-tokens", "5000", "--seed", "1"),
)
# Kitty's keys, modes that are asked for, and OSC.
UNKNOWN_TO_PYTE = re.compile(
    rb"\x1b\[[<>=?][0-9;$]*[up]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)"
)
BEGUN_SEQUENCE = re.compile(rb"\x1b(\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?)?\Z")


@dataclass(frozen=True)
class Result:
    """What a finished program left."""

    code: int
    out: str
    err: str


def run(
    *arguments: str | Path,
    stdin: str | bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    command: Sequence[str] = COMMAND,
    timeout: float = PATIENCE_SECONDS,
) -> Result:
    """Run the command line with its streams on pipes."""
    done = subprocess.run(
        [*command, *map(str, arguments)],
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        env={**os.environ, **(env or {})},
        cwd=cwd,
        timeout=timeout,
    )
    # Strict on purpose: what cannot be decoded is a broken character.
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def call(
    *arguments: str | Path,
    stdin: str | bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Result:
    """Like `run`, in this process: twenty times as quick, as nothing is imported."""
    given = stdin.encode() if isinstance(stdin, str) else stdin
    buffers = {"stdin": io.BytesIO(given)}
    buffers |= {name: io.BytesIO() for name in ("stdout", "stderr")}
    interrupts = signal.getsignal(signal.SIGINT)
    with pytest.MonkeyPatch.context() as patch:
        for name, buffer in buffers.items():
            patch.setattr(sys, name, io.TextIOWrapper(buffer, encoding="utf-8"))
        # The program sets one of its own, and pytest's own must not go.
        patch.setattr(sys, "unraisablehook", sys.unraisablehook)
        patch.setattr(sys, "argv", ["genesis-chat", *map(str, arguments)])
        for variable, value in (env or {}).items():
            patch.setenv(variable, value)
        if cwd:
            patch.chdir(cwd)
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            # The program ignores them once it is done.
            signal.signal(signal.SIGINT, interrupts)
        for name in ("stdout", "stderr"):
            getattr(sys, name).flush()
        out, err = (buffers[name].getvalue().decode() for name in ("stdout", "stderr"))
    assert isinstance(ended.value.code, int)
    return Result(ended.value.code, out, err)


class Emulator:
    """A terminal of a size, which is slow and so is told everything only once."""

    def __init__(self, size: tuple[int, int]) -> None:
        import pyte

        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._told = 0

    def picture(self, shown: bytearray) -> str:
        """What the screen shows after all these bytes, of which some may be new."""
        new = bytes(shown[self._told :])
        # A sequence that is still coming is left for the next time.
        begun = BEGUN_SEQUENCE.search(new)
        new = new[: begun.start()] if begun else new
        self._told += len(new)
        # What pyte does not know it would print.
        self._stream.feed(UNKNOWN_TO_PYTE.sub(b"", new))
        return "\n".join(self._screen.display)


@dataclass
class Screen:
    """A program on a terminal of its own; `shown` is all it has written there."""

    process: subprocess.Popen[bytes]
    terminal: int
    shown: bytearray = field(default_factory=bytearray)
    emulators: dict[tuple[int, int], "Emulator"] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def start(
        cls,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        err: int | None = None,
        stdin: int | None = None,
        size: tuple[int, int] | None = None,
        command: Sequence[str] = COMMAND,
    ) -> Iterator[Self]:
        """Start the command line, or a `command`; `err` sends stderr elsewhere.

        `stdin` gives it another standard input than the terminal. `size` is the
        terminal's, in columns and rows.
        """
        terminal, inside = pty.openpty()
        if size:
            fcntl.ioctl(
                inside, termios.TIOCSWINSZ, struct.pack("4H", size[1], size[0], 0, 0)
            )
        settings = termios.tcgetattr(inside)
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in ("COLUMNS", "LINES")
        }
        # Newlines arrive as written and keys are not shown, so that `shown` is output.
        settings[1] &= ~termios.ONLCR
        settings[3] &= ~termios.ECHO
        termios.tcsetattr(inside, termios.TCSANOW, settings)
        process = subprocess.Popen(
            [*command, *map(str, arguments)],
            stdin=inside if stdin is None else stdin,
            stdout=inside,
            stderr=inside if err is None else err,
            env={**inherited, "TERM": "xterm-256color", **(env or {})},
            start_new_session=True,
        )
        os.close(inside)
        try:
            yield cls(process, terminal)
        finally:
            process.kill()
            process.wait()
            os.close(terminal)

    def hang_up(self) -> None:
        """Close the terminal under the program, and forget it."""
        os.close(self.terminal)
        self.terminal = os.open(os.devnull, os.O_RDWR)

    def picture(self, size: tuple[int, int]) -> str:
        """The screen as an emulated terminal of a size shows it now."""
        emulator = self.emulators.setdefault(size, Emulator(size))
        return emulator.picture(self.shown)

    def see(self, text: str, size: tuple[int, int]) -> str:
        """Wait until the screen shows a text; the whole screen."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in (picture := self.picture(size)):
            assert self._read() and time.monotonic() < deadline, picture
        return picture

    def _read(self) -> bool:
        """Wait a moment for output; whether there can be more."""
        if not select.select([self.terminal], [], [], 0.05)[0]:
            return self.process.poll() is None
        try:
            data = os.read(self.terminal, 65536)
        except OSError:  # Linux's end of file, once the program has gone.
            return False
        self.shown += data
        return bool(data)

    def read_while(self, condition: Callable[[], object]) -> None:
        """Read what is shown as long as something is so."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while condition():
            assert self._read() and time.monotonic() < deadline, self.text

    def drain(self) -> None:
        """Take what is written in a moment, if anything is."""
        self._read()

    def read_until(self, text: str, after: int = 0) -> int:
        """Wait for text beyond a position; the position behind it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (at := self.shown.find(text.encode(), after)) < 0:
            assert self._read() and time.monotonic() < deadline, self.text
        return at + len(text.encode())

    def read_more(self, count: int) -> None:
        """Wait until so many more bytes have been shown."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        wanted = len(self.shown) + count
        while len(self.shown) < wanted:
            assert self._read() and time.monotonic() < deadline, self.text

    def type(self, text: str) -> None:
        """Press keys; "\\x04" is Ctrl-D."""
        os.write(self.terminal, text.encode())

    def interrupt(self) -> None:
        """Ctrl-C, as the terminal driver delivers it."""
        os.killpg(self.process.pid, signal.SIGINT)

    def interrupt_until(self, text: str, after: int) -> int:
        """Ctrl-C until text is shown; the position behind it.

        Python's `input` misses an interrupt that comes just before it waits.
        """
        for _ in range(int(PATIENCE_SECONDS)):
            self.interrupt()
            for _ in range(20):
                if (at := self.shown.find(text.encode(), after)) >= 0:
                    return at + len(text.encode())
                self._read()
        raise AssertionError(self.text)

    def finish(self) -> int:
        """Wait for the end; the exit code."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._read():
            assert time.monotonic() < deadline, self.text
        return self.process.wait(PATIENCE_SECONDS)

    @property
    def text(self) -> str:
        """What has been shown; fails on a broken character."""
        return self.shown.decode()
