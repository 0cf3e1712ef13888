"""Templates as the one who has them rendered sees them."""

import json
import queue
import struct
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import psutil

CHILD = Path(__file__).with_name("child.py")
SECONDS = 10.0
MEMORY_BYTES = 2**30
# Its own watch has to come first; it knows no machine that is asleep.
GRACE_SECONDS = 5.0
POLL_SECONDS = 0.05
_LENGTH = struct.Struct("<Q")


class RenderingError(Exception):
    """A template that fails or does not end; the reason in a few words."""


class Renderer:
    """Renders one template, at most `seconds` and `memory` bytes for an answer.

    The process starts at once and compiles the template while the caller does
    something else. It is started again when it had to be ended, and ends with this
    object or this process. Not for use from two threads.

    Args:
        source: the template.
        seconds: what one call of `render` may take.
        memory: what the process may hold, its own 30 MB included.
    """

    def __init__(
        self, source: str, seconds: float = SECONDS, memory: int = MEMORY_BYTES
    ) -> None:
        self._source, self._seconds, self._memory = source, seconds, memory
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._loaded = False
        self._end: Callable[[], object] = lambda: None
        self._start()

    @property
    def pid(self) -> int | None:
        """The process's id, None when there is none."""
        return self._process.pid if self._process else None

    def literals(self) -> str:
        """The texts that stand in the template. Raises `RenderingError`."""
        if self._loaded or self._process is None:
            self.close()
            self._start()
        return str(self._load()["literals"])

    def render(
        self, variables: Sequence[dict[str, Any]], limit: int
    ) -> list[str | RenderingError]:
        """The text for each set of variables, or why there is none.

        A text has at most `limit` characters. Raises `RenderingError` when the time
        or the memory for all of them is used up.
        """
        if self._process is None:
            self._start()
        if not self._loaded:
            self._load()
        found = self._ask({"renders": list(variables), "limit": limit})["found"]
        return [
            each["text"] if "text" in each else RenderingError(each["error"])
            for each in found
        ]

    def close(self) -> None:
        """End the process."""
        self._end()
        self._process, self._loaded = None, False

    def _start(self) -> None:
        self._process = process = subprocess.Popen(
            [sys.executable, "-P", str(CHILD), str(self._memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._answers = queue.SimpleQueue()
        assert process.stdout
        reading = threading.Thread(
            target=_read_all, args=(process.stdout, self._answers), daemon=True
        )
        reading.start()
        self._end = weakref.finalize(self, _ended, process, reading)
        self._send({"source": self._source})

    def _load(self) -> dict[str, Any]:
        answer = self._receive()
        if "error" in answer:
            self.close()
            raise RenderingError(answer["error"])
        self._loaded = True
        return answer

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        self._send(message)
        return self._receive()

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process and self._process.stdin
        data = json.dumps({**message, "seconds": self._seconds}).encode()
        try:
            self._process.stdin.write(_LENGTH.pack(len(data)) + data)
            self._process.stdin.flush()
        except OSError:
            # `_receive` tells.
            self._process.kill()

    def _receive(self) -> dict[str, Any]:
        end = time.monotonic() + self._seconds + GRACE_SECONDS
        why = f"it does not end within {self._seconds:g} seconds"
        while True:
            try:
                answer = self._answers.get(timeout=POLL_SECONDS)
            except queue.Empty:
                if self._size() > self._memory:
                    why = "it needs too much memory"
                elif time.monotonic() < end:
                    continue
                answer = None
            if answer is None:
                self.close()
                raise RenderingError(why)
            return answer

    def _size(self) -> int:
        assert self._process
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.Error:
            return 0


def _read_all(stream: IO[bytes], answers: "queue.SimpleQueue[Any]") -> None:
    while True:
        head = stream.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            break
        (length,) = _LENGTH.unpack(head)
        data = stream.read(length)
        if len(data) < length:
            break
        answers.put(json.loads(data))
    answers.put(None)


def _ended(process: subprocess.Popen[bytes], reading: threading.Thread) -> None:
    process.kill()
    process.wait()
    reading.join()
    for stream in (process.stdin, process.stdout):
        if stream:
            try:
                stream.close()
            except OSError:
                # What could not be written any more.
                continue
