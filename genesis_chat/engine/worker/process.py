"""The process that a worker runs in, as the one who started it sees it."""

import queue
import subprocess
import threading
from collections import deque
from typing import IO, Any

from ..child_process import module_command, module_environment
from .messages import LOADING, Load, read, write

PACKAGE = "genesis_chat.engine.worker"
LAST_LINES = 50
PATIENCE_SECONDS = 2.0
# A process that has closed its output is leaving: it may write a memory dump, and on
# a busy computer even giving its memory back takes a while.
LEAVING_SECONDS = 30.0


class Process:
    """A running worker. It ends when this process does, however that comes about."""

    def __init__(self, load: Load) -> None:
        self._process = subprocess.Popen(
            module_command(PACKAGE),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=module_environment(),
            # Ctrl-C, Ctrl-Z and a closed terminal are for the interface to handle.
            start_new_session=True,
        )
        # Answers by the number of their question: several may be asked at a time.
        self._answers: dict[int, queue.SimpleQueue[Any]] = {}
        self._gone, self._lock = False, threading.Lock()
        # Whether it is to end, however it then does.
        self.closed = False
        self._sending = threading.Lock()
        self.expect(LOADING)
        self._lines: deque[bytes] = deque(maxlen=LAST_LINES)
        self._threads = [
            threading.Thread(target=target, args=(stream,), daemon=True)
            for target, stream in (
                (self._read_messages, self._process.stdout),
                (self._read_lines, self._process.stderr),
            )
        ]
        for thread in self._threads:
            thread.start()
        self.send(load)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def last_words(self) -> str:
        """The last lines it, or a library in it, has printed."""
        return b"".join(self._lines).decode(errors="replace")

    def send(self, message: object) -> None:
        """Say something; a process that is gone is noticed by `receive`."""
        assert self._process.stdin
        try:
            with self._sending:
                write(self._process.stdin, message)  # type: ignore[arg-type]  # it is binary
        except (OSError, ValueError):
            # A closed stream is a `ValueError`.
            self._process.kill()

    def expect(self, number: int) -> None:
        """Keep the answers to the question with a number, before it is sent."""
        with self._lock:
            self._answers[number] = queue.SimpleQueue()
            if self._gone:
                self._answers[number].put(None)

    def forget(self, number: int) -> None:
        """Keep no more of them."""
        with self._lock:
            self._answers.pop(number, None)

    def receive(self, number: int, seconds: float | None) -> Any:
        """The next answer to a question, None when the process is gone.

        Raises `queue.Empty` in time.
        """
        answers = self._answers[number]
        message = answers.get(timeout=seconds)
        if message is None:
            # For whoever asks again.
            answers.put(None)
        return message

    def end(self) -> str:
        """Make sure that it is gone; how it ended, in words."""
        reader = self._threads[0]
        reader.join(PATIENCE_SECONDS)
        try:
            # One that has not closed it hangs.
            code = self._process.wait(0 if reader.is_alive() else LEAVING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def close(self) -> None:
        """End it at once since it is no longer wanted."""
        self.closed = True
        self.kill()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin:
            try:
                self._process.stdin.close()
            except OSError:
                # What was still to be sent has nobody to read it.
                return

    def _read_messages(self, stream: IO[bytes]) -> None:
        try:
            with stream:
                while True:
                    message = read(stream)  # type: ignore[arg-type]
                    number = getattr(message, "number", LOADING)
                    with self._lock:
                        if number in self._answers:
                            self._answers[number].put(message)
        except (EOFError, OSError, ValueError):
            with self._lock:
                self._gone = True
                for answers in self._answers.values():
                    answers.put(None)

    def _read_lines(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._lines.append(line)
