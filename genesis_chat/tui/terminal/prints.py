"""What native libraries print, which goes past Python to the terminal."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ...text import sanitize

OUTPUTS = (1, 2)
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Prints:
    """Keeps prints off the screen while it is shown, and shows them afterwards."""

    def __init__(self) -> None:
        self._terminal: tuple[int, ...] = ()
        self._file = -1

    @contextmanager
    def kept_off(self) -> Iterator[None]:
        """Meanwhile only `sys.__stdout__` and `sys.__stderr__` reach the terminal."""
        outputs = sys.__stdout__, sys.__stderr__
        with tempfile.TemporaryFile() as file:
            self._terminal = tuple(os.dup(each) for each in OUTPUTS)
            self._file = file.fileno()
            streams = [
                os.fdopen(os.dup(each), "w", encoding="utf-8", errors="replace")
                for each in self._terminal
            ]
            sys.__stdout__, sys.__stderr__ = streams  # type: ignore[misc]  # theirs to set
            self._take()
            try:
                yield
            finally:
                self._give_back()
                sys.__stdout__, sys.__stderr__ = outputs  # type: ignore[misc]
                for each in streams:
                    # The terminal may be gone.
                    with suppress(OSError):
                        each.close()
                for number in self._terminal:
                    os.close(number)
                self._terminal = ()
                file.seek(0)
                printed = file.read().decode("utf-8", "replace")
        if printed and sys.stderr is not None:
            with suppress(OSError):
                sys.stderr.write(sanitize(COLOURS.sub("", printed)))

    @contextmanager
    def let_through(self) -> Iterator[None]:
        """Meanwhile another program has the terminal."""
        if not self._terminal:
            yield
            return
        self._give_back()
        try:
            yield
        finally:
            self._take()

    def _take(self) -> None:
        for number in OUTPUTS:
            os.dup2(self._file, number)

    def _give_back(self) -> None:
        for number, terminal in zip(OUTPUTS, self._terminal, strict=True):
            os.dup2(terminal, number)
