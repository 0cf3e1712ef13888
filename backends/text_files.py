"""Reading text files: every one of the program is opened here.

A byte order mark is no content, and says which Unicode encoding follows; without one
it is UTF-8. Nothing larger than a bound is read, also from what never ends.
"""

import codecs
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CHUNK_BYTES = 1 << 16
# The index of a very large model's weights has a tenth of it.
LARGEST_JSON = 64 << 20

# Longest first: the mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_BINARY = "is binary (it has NUL bytes), not text"
_UNMARKED = "is binary (it has NUL bytes) or UTF-16 without a byte order mark"
# Letters of most scripts have a NUL in every other byte of UTF-16: this many tell.
_TELLING = 256
# What `surrogateescape` makes of bytes; UTF-8 itself has no surrogates.
_ESCAPED = re.compile("[\udc80-\udcff]")


class TextFileError(Exception):
    """Why a file is not read as text, as a clause: "is larger than 1 MB"."""


class NotTextError(TextFileError):
    """It is binary."""


class TooLargeError(TextFileError):
    """It has more bytes than can be of use."""


class Readable(Protocol):
    """A stream of bytes; `read1` gives what is there, without waiting for more."""

    def read1(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Text:
    """A text, and what of its bytes was none.

    `replaced` counts the bytes (in UTF-16 and UTF-32 the characters) that stand as
    U+FFFD; `first` is the place of the first in the file, from 0, None without any.
    """

    text: str
    encoding: str = "UTF-8"
    replaced: int = 0
    first: int | None = None

    def problem(self, name: str) -> str:
        """One sentence about what was replaced; empty when nothing was."""
        if self.first is None:
            return ""
        unit = "byte" if self.encoding == "UTF-8" else "character"
        if self.replaced == 1:
            what, where = f"1 {unit} is not {self.encoding} and stands", "it is"
        else:
            what = f"{self.replaced:,} {unit}s are not {self.encoding} and stand"
            where = "the first is"
        return f"{name}: {what} as U+FFFD; {where} at byte {self.first:,}."


def read_text(
    source: "str | os.PathLike[str] | Readable",
    largest: int,
    *,
    regular: bool = False,
    came: Callable[[], None] = lambda: None,
) -> Text:
    """The text of a file or of a stream of bytes.

    Args:
        source: a path, or a stream that is read to its end.
        largest: bytes that are read at most.
        regular: refuse what is no ordinary file, such as a pipe, whose opening would
            wait for somebody to write.
        came: called after each piece that was read.

    Raises:
        OSError: the file cannot be opened or read.
        ValueError: the path has a NUL.
        TextFileError: it is binary, too large, or no ordinary file.
    """
    return decode_text(_read(source, largest, regular=regular, came=came))


def read_utf8(
    source: "str | os.PathLike[str] | Readable",
    largest: int,
    *,
    regular: bool = False,
    came: Callable[[], None] = lambda: None,
) -> bytes:
    """The bytes of a file or stream as `as_utf8` has them.

    Raises what `read_text` does.
    """
    return as_utf8(_read(source, largest, regular=regular, came=came))


def _read(
    source: "str | os.PathLike[str] | Readable",
    largest: int,
    *,
    regular: bool = False,
    came: Callable[[], None] = lambda: None,
) -> bytes:
    """The bytes of a text file, not decoded yet; see `read_text`.

    What is not text is refused as soon as that shows. Raises what `read_text` does.
    """
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        if regular and not stat.S_ISREG(path.stat().st_mode):
            what = "a directory" if path.is_dir() else "no ordinary file"
            raise TextFileError(f"is {what}")
        with path.open("rb") as file:
            return _read(file, largest, came=came)
    pieces: list[bytes] = []
    size = 0
    while piece := source.read1(min(CHUNK_BYTES, largest + 1 - size)):
        came()
        pieces.append(piece)
        size += len(piece)
        if b"\0" in piece:
            # Two bytes at a time would hide the mark of UTF-16.
            wide = encoding_of(b"".join(pieces[:4])[:4])[0] != "UTF-8"
            if not wide and size >= 4:
                raise NotTextError(_not_text(b"".join(pieces)))
        if size > largest:
            raise TooLargeError(f"is larger than {_size(largest)}")
    return b"".join(pieces)


def decode_text(data: bytes, *, marked: bool = True) -> Text:
    """Bytes as text; what is not of its encoding becomes U+FFFD.

    A byte order mark counts where they are `marked`, at a file's start. Raises
    `NotTextError` for bytes that are no text at all.
    """
    encoding, mark = encoding_of(data) if marked else ("UTF-8", 0)
    body = memoryview(data)[mark:]
    if encoding == "UTF-8" and b"\0" in data:
        raise NotTextError(_not_text(data))
    if encoding != "UTF-8":
        return _decode_wide(data, encoding)
    try:
        return Text(str(body, "utf-8"))
    except UnicodeDecodeError as error:
        first = error.start + mark
    escaped = str(body, "utf-8", "surrogateescape")
    text, replaced = _ESCAPED.subn("\ufffd", escaped)
    return Text(text, encoding, replaced, first)


def as_utf8(data: bytes) -> bytes:
    """A text's bytes in UTF-8 without a mark, for whoever reads nothing else.

    Bytes of UTF-8 stay as they are, also wrong ones. Raises `TextFileError` when
    another encoding's are wrong.
    """
    encoding, mark = encoding_of(data)
    if encoding == "UTF-8":
        return data[mark:]
    found = decode_text(data)
    if found.first is not None:
        raise TextFileError(f"is not {encoding} at byte {found.first:,}")
    return found.text.encode()


def encoding_of(data: bytes) -> tuple[str, int]:
    """The encoding that a byte order mark names, and the mark's length."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, len(mark)
    return "UTF-8", 0


def _decode_wide(data: bytes, encoding: str) -> Text:
    try:
        return Text(data.decode(encoding), encoding)
    except UnicodeDecodeError as error:
        first = error.start
    text = data.decode(encoding, "replace")
    kept = data.decode(encoding, "ignore").count("\ufffd")
    return Text(text, encoding, text.count("\ufffd") - kept, first)


def _not_text(data: bytes) -> str:
    """What bytes with a NUL among them are, as a clause."""
    halves = [data[:_TELLING][first::2] for first in (0, 1)]
    nuls = sorted(half.count(0) / max(1, len(half)) for half in halves)
    unmarked = len(data) >= 4 and nuls[0] == 0 and nuls[1] > 0.5
    return _UNMARKED if unmarked else _BINARY


def _size(count: int) -> str:
    """A power of two as a person says it."""
    return f"{count >> 20} MB" if count >= 1 << 20 else f"{count >> 10} kB"
