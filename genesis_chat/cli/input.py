"""What a person pipes in or names: read whole or line by line, and told what it is."""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import click

from ..text_files import (
    LARGEST_PROMPT,
    Text,
    TextFileError,
    TooLargeError,
    decode_text,
    encoding_of,
    read_text,
)
from .show import notice

STDIN = "Standard input"
# After so long without a byte a person asks what the program does.
WAITING_SECONDS = 2.0


class Waiting:
    """Says once what is waited for, when nothing comes and a person looks on."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._told = not sys.stderr.isatty()
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        if not self._told:
            self._timer = threading.Timer(WAITING_SECONDS, self._tell)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._timer:
            self._timer.cancel()

    def came(self) -> None:
        """A byte has come: wait anew."""
        self.__exit__()
        self.__enter__()

    def _tell(self) -> None:
        self._told = True
        notice(f"Waiting for {self._what}; press Ctrl+C to give up.")


def read_stdin(largest: int = LARGEST_PROMPT, *, strict: bool = False) -> str:
    """All of standard input as text; see `read_file`."""
    with Waiting("standard input to end") as it:
        return _sound(
            STDIN, strict, lambda: read_text(stdin_bytes(), largest, came=it.came)
        )


def read_file(
    path: Path, largest: int = LARGEST_PROMPT, *, strict: bool = False
) -> str:
    """A file or a pipe as text; bytes that are none are told, or refused if `strict`.

    Raises `click.UsageError`.
    """
    with Waiting(f"another program to write {path}") as it:
        return _sound(str(path), strict, lambda: read_text(path, largest, came=it.came))


def piped_lines() -> Iterator[str]:
    """The lines of standard input, each when it is there. Raises `click.UsageError`."""
    stream = stdin_bytes()
    waiting = Waiting("the next line on standard input")
    number = 0

    def next_line() -> Text:
        data = stream.readline(LARGEST_PROMPT + 1)
        if encoding_of(data)[0] != "UTF-8" and number == 1:
            # Lines of UTF-16 do not end in one byte.
            data += stream.read(LARGEST_PROMPT + 1)
        if len(data) > LARGEST_PROMPT:
            raise TooLargeError(f"is longer than {LARGEST_PROMPT >> 20} MB")
        return decode_text(data) if number == 1 else decode_text(data, marked=False)

    while True:
        number += 1
        with waiting:
            text = _sound(f"Line {number} of standard input", False, next_line)
        if not text:
            return
        yield from text.split("\n")


def _sound(name: str, strict: bool, read: Callable[[], Text]) -> str:
    try:
        found = read()
    except TooLargeError as error:
        raise click.UsageError(
            f"{name} {error}, more than a model's context holds; give part of it."
        ) from error
    except TextFileError as error:
        raise click.UsageError(f"{name} {error}; give a text file.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise click.UsageError(
            f"{name} cannot be read: {reason}. Check the path."
        ) from error
    if found.first is not None and strict:
        raise click.UsageError(
            f"{name} is not {found.encoding} at byte {found.first:,}; save it as UTF-8."
        )
    if problem := found.problem(name):
        notice(problem)
    return found.text


def stdin_bytes() -> Any:
    """Standard input's bytes; `BinaryIO` does not tell that it has `read1`."""
    return sys.stdin.buffer
