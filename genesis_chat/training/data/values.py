"""The values in a file of JSON or JSON Lines, each with its place.

Nothing but the longest of them is in memory at a time.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from ...errors import UsageError
from ...history.exchange.encoded import Pieces, encoding_of
from ...history.exchange.json_values import Damaged, End, Values
from ...text import counted
from ...text_files import SNIFFED_BYTES, stand_in
from .sample import BadLineError

CHUNK = 1 << 20
# In characters; a context of a million tokens has a fraction.
LONGEST_LINE = 32 << 20
LARGEST = 8 << 30
GZIP = b"\x1f\x8b"
PARQUET = b"PAR1"
OBJECT = "one JSON object on the line"


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True)
class Value:
    """A value and where it stands, "line 5" or "item 5"; a flaw instead of a value."""

    place: str
    value: Any = None
    flaw: BadLineError | None = None


def read_values(
    stream: BinaryIO, name: str, note: Callable[[str], None]
) -> Iterator[Value]:
    """All values of a file, empty lines left out.

    `note` is told, once all was read, what was read otherwise than it is. Raises
    `UsageError`.
    """
    try:
        begun = _Begun(stream)
        if begun.head.startswith(GZIP):
            unpacked = gzip.GzipFile(fileobj=cast(BinaryIO, begun))
            begun = _Begun(unpacked)
        _check_start(begun.head, name)
        pieces = Pieces(cast(BinaryIO, begun))
        text = _Text(pieces)
        yield from _listed(text) if text.is_list() else _lines(text)
    except (OSError, EOFError, zlib.error) as error:
        said = getattr(error, "strerror", None) or str(error) or "it ends too early"
        raise UsageError(f"{name} cannot be read: {said.rstrip('.')}.") from error
    if pieces.undecodable:
        note(
            f"{name}: {counted(pieces.undecodable, 'character')} could not be read in "
            f"the file's encoding and became U+FFFD; the first is near byte "
            f"{pieces.first:,}."
        )


def _check_start(start: bytes, name: str) -> None:
    clause = ""
    if start.startswith(PARQUET):
        clause = "is Parquet; write it as JSON Lines (to_json in datasets)"
    elif b"\0" in start and encoding_of(start).startswith("utf-8"):
        clause = stand_in(start) or "is binary, not text"
    elif start.strip() and start.lstrip()[:1] not in (b"{", b"["):
        clause = stand_in(start)
    if clause:
        raise UsageError(f"{name} {clause}.")


class _Begun:
    """A stream whose first bytes are known."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.head = stream.read(SNIFFED_BYTES)
        self._left, self._size = self.head, 0

    def read(self, size: int = -1) -> bytes:
        """Some bytes, none at the end."""
        if self._left:
            stop = len(self._left) if size < 0 else size
            data, self._left = self._left[:stop], self._left[stop:]
        else:
            data = self._stream.read(size)
        self._size += len(data)
        if self._size > LARGEST:
            raise OSError(0, f"it is larger than {LARGEST >> 30} GB")
        return data


class _Text:
    """Text that comes in pieces, of which the first has been looked at."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces, self._begun = pieces, ""

    def is_list(self) -> bool:
        """Whether its values are not those of its lines."""
        while not self._begun.strip("\ufeff \r\n\t"):
            piece = self._pieces.read(CHUNK)
            if not piece:
                return False
            self._begun += piece
        first = self._begun.strip("\ufeff \r\n\t").split("\n", 1)[0].strip()
        return first[0] == "[" or first == "{"

    def read(self, size: int) -> str:
        """Some text, none at the end."""
        text, self._begun = self._begun, ""
        return text or self._pieces.read(size)


def _listed(text: _Text) -> Iterator[Value]:
    number = 0
    for value in Values(text.read):
        if isinstance(value, End):
            continue
        number += 1
        place = f"item {number:,}"
        if isinstance(value, Damaged):
            yield Value(place, flaw=BadLineError(value.reason, "whole JSON"))
        else:
            yield Value(place, value)


def _lines(text: _Text) -> Iterator[Value]:
    for number, line in enumerate(_split(text), 1):
        place = f"line {number:,}"
        if line is None:
            flaw = BadLineError(f"it is longer than {LONGEST_LINE >> 20} MB", OBJECT)
            yield Value(place, flaw=flaw)
            continue
        if "\0" in line:
            yield Value(place, flaw=BadLineError("it has NUL bytes", "text"))
        elif line := line.strip("\ufeff \r\t\v\f").removesuffix(","):
            yield _parsed(line, place)


def _parsed(line: str, place: str) -> Value:
    try:
        return Value(place, json.loads(line))
    except json.JSONDecodeError as error:
        problem = f"it is not JSON ({error.msg}, column {error.colno})"
    except RecursionError:
        problem = "it is nested too deeply"
    except ValueError:
        problem = "it has a number of too many digits"
    return Value(place, flaw=BadLineError(problem, OBJECT))


def _split(text: _Text) -> Iterator[str | None]:
    """The lines; None for one that is too long."""
    parts: list[str] = []
    size = 0
    while piece := text.read(CHUNK):
        first, *more = piece.split("\n")
        size += len(first)
        if size <= LONGEST_LINE:
            parts.append(first)
        else:
            parts.clear()
        if more:
            yield "".join(parts) if size <= LONGEST_LINE else None
            yield from more[:-1]
            parts, size = [more[-1]], len(more[-1])
    yield "".join(parts) if size <= LONGEST_LINE else None


def open_file(path: Path) -> BinaryIO:
    """A file, open. Raises `UsageError` for what cannot be read."""
    try:
        if not path.exists():
            raise UsageError(f"{path} does not exist.")
        if not path.is_file():
            raise UsageError(f"{path} is no ordinary file; give one or a folder.")
        return path.open("rb")
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "it is no file name"
        raise UsageError(f"{path} cannot be read: {said}.") from error
