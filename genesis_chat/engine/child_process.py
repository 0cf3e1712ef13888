"""A program of ours in a process of its own, as the one who started it sees it."""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

PIPE = subprocess.PIPE
ROOT = Path(__file__).parents[2]
LAST_LINES = 30
LEAVING_SECONDS, ENDING_SECONDS = 30.0, 5.0


def module_command(module: str, *arguments: str) -> list[str]:
    """What runs one of our modules; to be started in `module_environment`."""
    return [sys.executable, "-P", "-m", module, *arguments]


def module_environment() -> dict[str, str]:
    """This process's environment, with the place that our modules are found in."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path}


class ChildProcess:
    """A program that tells in lines; leaving the `with` block ends it.

    What it has started here ends with it if it has a `session` of its own; without
    one, Ctrl-C in the terminal reaches it as well. Its standard input stays open as
    long as it runs. `errors` is where its standard error goes, here unless something
    is said; of `PIPE` the last lines are kept in `said`.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        errors: IO[str] | int | None = None,
        session: bool = True,
    ) -> None:
        self._session = session
        self._process = subprocess.Popen(
            command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=errors,
            env={**module_environment(), **(environment or {})},
            start_new_session=session,
        )
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.said: deque[bytes] = deque(maxlen=LAST_LINES)
        self._threads = [
            threading.Thread(target=target, args=(stream,), daemon=True)
            for target, stream in (
                (self._read_lines, self._process.stdout),
                (self._read_errors, self._process.stderr),
            )
            if stream
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, the negative number of a signal, or None while it runs."""
        return self._process.poll()

    def send(self, data: bytes) -> None:
        """Write to its standard input. Raises `BrokenPipeError` when it is gone."""
        assert self._process.stdin
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def lines(self, seconds: float) -> Iterator[bytes | None]:
        """Its lines up to the last, and None whenever none has come for a moment."""
        while True:
            try:
                line = self._lines.get(timeout=seconds)
            except queue.Empty:
                yield None
                continue
            if line is None:
                return
            yield line

    def wait(self, seconds: float = LEAVING_SECONDS) -> int:
        """The exit code of one that leaves. Raises `subprocess.TimeoutExpired`."""
        return self._process.wait(seconds)

    def last_line(self) -> str:
        """The last line that is kept in `said` of one that has ended, or nothing."""
        for thread in self._threads:
            thread.join(LEAVING_SECONDS)
        words = b"".join(self.said).decode(errors="replace").strip().splitlines()
        return words[-1].strip() if words else ""

    def end(self) -> None:
        """Make sure that it is gone, and what it has started here."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.code is not None and not self._session:
                break
            with suppress(ProcessLookupError, subprocess.TimeoutExpired):
                self._signal(number)
                self._process.wait(ENDING_SECONDS)
        process = self._process
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                # What was not taken any more is of no use to anybody.
                with suppress(BrokenPipeError):
                    stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _signal(self, number: int) -> None:
        if self._session:
            os.killpg(self.pid, number)
        else:
            self._process.send_signal(number)

    def _read_lines(self, stream: IO[bytes]) -> None:
        try:
            for line in stream:
                self._lines.put(line)
        except ValueError:
            # Closed while it was read.
            return
        finally:
            self._lines.put(None)

    def _read_errors(self, stream: IO[bytes]) -> None:
        try:
            for line in stream:
                self.said.append(line)
        except ValueError:
            return
