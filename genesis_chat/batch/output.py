"""The file that answers go to: line after line, whole or not at all."""

import json
import os
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..errors import UsageError
from .lines import Line

# After this what was written is also on the disk, should the power fail.
SYNC_SECONDS = 1.0
KEY = "key"
# Windows would change the ends of lines.
FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)


class Output:
    """Answers in the order of their lines; use it in a `with` statement.

    `done` counts the lines that an earlier run has answered, which are not answered
    again. A line that was cut in the middle when it was killed is removed.
    """

    def __init__(self, path: Path, lines: Sequence[Line]) -> None:
        """Open or create the file.

        Raises `UsageError` when it holds answers to other lines, when another program
        is writing it, or when it cannot be written.
        """
        self._path, self._synced = path, time.monotonic()
        with ExitStack() as opened:
            try:
                self._number = os.open(path, FLAGS, 0o666)
                opened.callback(os.close, self._number)
                if not stat.S_ISREG(os.fstat(self._number).st_mode):
                    raise UsageError(
                        f"{path} is no ordinary file; choose another file with -o."
                    )
                opened.callback(self._lock())
            except OSError as error:
                raise UsageError(
                    f"{path} cannot be written: {error.strerror}; choose another file "
                    "with -o."
                ) from error
            self.done = self._resume(lines)
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._opened:
            os.fsync(self._number)

    def write(self, answer: Mapping[str, Any]) -> None:
        """Add the next line's answer. Raises `OSError`, as when the disk is full."""
        data = json.dumps(answer, separators=(",", ":")).encode() + b"\n"
        while data:
            data = data[os.write(self._number, data) :]
        if time.monotonic() - self._synced > SYNC_SECONDS:
            os.fsync(self._number)
            self._synced = time.monotonic()

    def _lock(self) -> Callable[[], None]:
        """Take the lock of the file, a file beside it; what gives it up again."""
        from filelock import FileLock, Timeout

        file = self._path.resolve()
        place = file.with_name(f".{file.name}.lock")
        lock = FileLock(place)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise UsageError(
                f"Another program is writing {self._path}; wait for it, or choose "
                "another file with -o."
            ) from error

        def release() -> None:
            # While it is held, so that nobody holds one that is not there any more.
            place.unlink(missing_ok=True)
            lock.release()

        return release

    def _resume(self, lines: Sequence[Line]) -> int:
        with open(self._number, "rb", closefd=False) as file:
            data = file.read()
        whole = data.rfind(b"\n") + 1
        answers = data[:whole].splitlines()
        expected = [line.key for line in lines[: len(answers)]]
        if [_key(answer) for answer in answers] != expected:
            raise UsageError(
                f"{self._path} holds something else than answers to these lines; "
                "remove it, or choose another file with -o."
            )
        if whole < len(data):
            os.ftruncate(self._number, whole)
        return len(answers)


def _key(data: bytes) -> str | None:
    """The key of the line that an answer belongs to."""
    try:
        value = json.loads(data)
    except ValueError:
        return None
    found = value.get(KEY) if isinstance(value, dict) else None
    return found if isinstance(found, str) else None
