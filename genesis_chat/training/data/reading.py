"""The values of a file of training data, with the line of each."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Generic, Protocol, TypeVar, cast

from ...errors import UsageError
from ...history.exchange.encoded import Pieces
from ...history.exchange.json_values import Damaged, End, Values
from .sample import BadLineError

GZIP = b"\x1f\x8b"
CHUNK = 1 << 20
# The longest line in characters: many times what a context holds.
LONGEST_LINE = 1 << 24
Piece = TypeVar("Piece", str, bytes)
Given = TypeVar("Given", str, bytes, covariant=True)


class _Readable(Protocol[Given]):
    def read(self, size: int, /) -> Given: ...


def values_of(stream: BinaryIO, name: str) -> Iterator[tuple[str, Any]]:
    """Every value with its place ("train.jsonl, line 3"); a bad one is an exception.

    A file is JSON Lines or a list of values, in UTF-8, UTF-16 or UTF-32, plain or
    compressed by gzip. Raises `UsageError` for a file that is not text.
    """
    head = stream.read(CHUNK)
    whole = cast(BinaryIO, _Started(head, stream))
    try:
        if head.startswith(GZIP):
            with gzip.open(whole) as unpacked:
                yield from _values(Pieces(cast(BinaryIO, unpacked)), name)
        else:
            yield from _values(Pieces(whole), name)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UsageError(f"{name} is not whole: {error}; fetch it again.") from error


def _values(pieces: Pieces, name: str) -> Iterator[tuple[str, Any]]:
    text = pieces.read(CHUNK)
    while text and not text.strip("\ufeff \t\r\n"):
        text += pieces.read(CHUNK) or "[]"
    if "\0" in text:
        raise UsageError(f"{name} is binary, not JSON; give JSON Lines.")
    started = _Started(text.lstrip("\ufeff"), pieces)
    if text.lstrip("\ufeff \t\r\n").startswith("["):
        yield from _items(started, name)
    else:
        yield from _lines(started, name)
    if pieces.undecodable:
        yield (
            name,
            BadLineError(
                f"{pieces.undecodable:,} of its bytes are no text in UTF-8, the first "
                f"near byte {pieces.first or 0:,}; they count as U+FFFD"
            ),
        )


class _Started(Generic[Piece]):
    """A stream of which the first piece was read already."""

    def __init__(self, first: Piece, stream: _Readable[Piece]) -> None:
        self._first: Piece = first
        self._stream: _Readable[Piece] = stream

    def read(self, size: int = -1) -> Piece:
        """So much at most; nothing only at the end."""
        if not self._first:
            return self._stream.read(size)
        stop = len(self._first) if size < 0 else size
        given, self._first = self._first[:stop], self._first[stop:]
        return given


def _items(started: _Started[str], name: str) -> Iterator[tuple[str, Any]]:
    number = 0
    for value in Values(started.read):
        if isinstance(value, End):
            continue
        number += 1
        if isinstance(value, Damaged):
            value = BadLineError(value.reason)
        yield f"{name}, item {number}", value


def _lines(started: _Started[str], name: str) -> Iterator[tuple[str, Any]]:
    rest, before = "", 0
    while text := started.read(CHUNK):
        # Only these end lines: JSON's strings may have Unicode's separators.
        *lines, rest = (rest + text).split("\n")
        if len(rest) > LONGEST_LINE:
            raise UsageError(f"{name}, line {before + len(lines) + 1} does not end.")
        for number, line in enumerate(lines, before + 1):
            if line.strip():
                yield f"{name}, line {number}", _value(line)
        before += len(lines)
    if rest.strip():
        yield f"{name}, line {before + 1}", _value(rest)


def _value(line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        return BadLineError(f"it is not whole JSON ({error.msg})")
    except (RecursionError, ValueError):
        return BadLineError("it is nested too deeply, or has a number without end")


def open_data(path: Path) -> BinaryIO:
    """A file of data, open. Raises `UsageError`."""
    try:
        return path.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{path} cannot be read: {reason}.") from error
