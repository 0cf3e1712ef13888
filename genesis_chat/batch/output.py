"""The file that answers go to: line after line, whole or not at all."""

import fcntl
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..errors import UsageError
from .lines import Line

# After this what was written is also on the disk, should the power fail.
SYNC_SECONDS = 1.0
KEY = "key"


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
        try:
            self._number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}.") from error
        try:
            self.done = self._resume(lines)
        except BaseException:
            os.close(self._number)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.fsync(self._number)
        os.close(self._number)

    def write(self, answer: Mapping[str, Any]) -> None:
        """Add the next line's answer. Raises `OSError`, as when the disk is full."""
        data = json.dumps(answer, separators=(",", ":")).encode() + b"\n"
        while data:
            data = data[os.write(self._number, data) :]
        if time.monotonic() - self._synced > SYNC_SECONDS:
            os.fsync(self._number)
            self._synced = time.monotonic()

    def _resume(self, lines: Sequence[Line]) -> int:
        try:
            fcntl.flock(self._number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"Another program is writing {self._path}; wait for it, or choose "
                "another file with -o."
            ) from error
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
