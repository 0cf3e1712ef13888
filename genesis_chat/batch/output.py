"""The file that answers go to: line after line, whole or not at all."""

import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
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
    again, and `failed` those of them with an error. A line that was cut in the middle
    when it was killed is removed.
    """

    def __init__(self, path: Path, lines: Sequence[Line]) -> None:
        """Open or create the file.

        Raises `UsageError` when it holds answers to other lines, when another program
        is writing it, or when it cannot be written.
        """
        self._path, self._synced = path, time.monotonic()
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise _no_file(path)
        with ExitStack() as opened:
            try:
                self._number = os.open(path, FLAGS, 0o666)
                opened.callback(os.close, self._number)
                if not stat.S_ISREG(os.fstat(self._number).st_mode):
                    # It was put there meanwhile.
                    raise _no_file(path)
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
        with self._opened, self._named():
            os.fsync(self._number)

    def write(self, answer: Mapping[str, Any]) -> None:
        """Add the next line's answer. Raises `OSError`, as when the disk is full."""
        data = json.dumps(answer, separators=(",", ":")).encode() + b"\n"
        with self._named():
            while data:
                data = data[os.write(self._number, data) :]
            if time.monotonic() - self._synced > SYNC_SECONDS:
                os.fsync(self._number)
                self._synced = time.monotonic()

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Name the file in an error of the system, which names none that is open."""
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from error

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
        answers = [_answer(line) for line in data[:whole].splitlines()]
        expected = [line.key for line in lines[: len(answers)]]
        if [answer.get(KEY) for answer in answers] != expected:
            raise UsageError(
                f"{self._path} holds something else than answers to these lines; "
                "remove it, or choose another file with -o."
            )
        if whole < len(data):
            os.ftruncate(self._number, whole)
        self.failed = sum(map(_is_error, answers))
        return len(answers)


def _no_file(path: Path) -> UsageError:
    return UsageError(
        f"{path} is no ordinary file, to which answers can be added when a batch goes "
        "on; choose another with -o."
    )


def _answer(data: bytes) -> Mapping[str, Any]:
    """An answer in the file; an empty one for what is none."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _is_error(answer: Mapping[str, Any]) -> bool:
    response = answer.get("response")
    status = response.get("status_code") if isinstance(response, dict) else 200
    return answer.get("error") is not None or status != 200
