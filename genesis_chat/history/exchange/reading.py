"""Reading a source of conversations: ours strictly, those of others generously."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from ...errors import HistoryError, UsageError
from ...text import counted
from ..records import NewConversation
from . import markdown, native
from .archives import DAMAGED
from .checked import Refused
from .encoded import HEAD, Pieces, beginning, encoding_of
from .foreign import KINDS, Foreign, OursError
from .json_values import Values
from .left_out import LeftOut
from .sources import (
    LARGEST_FILE,
    NothingInside,
    Source,
    cannot,
    sources_in,
    unopened,
)

FORMATS = ("json", "jsonl", "markdown", *KINDS)
EXPECTED = (
    "JSON, JSON Lines and Markdown as exported here; the exports of ChatGPT, Claude, "
    "Open WebUI and LibreChat; and lists of messages with 'role' and 'content' as JSON "
    "or JSON Lines"
)
# Inside a text the closing quotation mark would have a backslash before it.
_OURS = re.compile(rf'"format"\s*:\s*"{native.FORMAT}"')
# Where the keys were sorted that stands at the end, but each reply has its tokens.
_PARTS_OF_OURS = re.compile(rf'{_OURS.pattern}|"token_ids"\s*:')
_KEY = re.compile(r'"(conversations|messages)"\s*:')
_BY_KEY = {"conversations": "json", "messages": "jsonl"}


@dataclass
class Reading:
    """The conversations of a source, one by one, and what was left out.

    Iterating raises `HistoryError` at the end of a source of which nothing could be
    read. One that is `strict` is to be added whole or not at all.
    """

    source: Source
    strict: bool
    conversations: Iterator[NewConversation]
    left: LeftOut = field(default_factory=LeftOut)
    about: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def sentences(self, *, several: bool = False) -> list[str]:
        """What a person should know, once all was read; which of `several` it is of.

        Sentences `about` the source as a whole name it, `notes` do not.
        """
        notes = [*self.notes, *self.left.sentences()]
        if several:
            notes = [f"{self.source.name}: {note}" for note in notes]
        return [*self.about, *notes]


class UnknownKindError(HistoryError):
    """A file with no conversations of a kind that is known."""


def read(
    source: Source,
    format: str | None = None,
    *,
    progress: Callable[[int], None] = lambda bytes_read: None,
) -> Reading:
    """Begin to read a source.

    `format` is one of `FORMATS`, or None to see from the content. `progress` is told
    how many bytes have been read. Raises `HistoryError` for a source of our own
    format that is not right in all, or of which nothing can be read; `UsageError` for
    an unknown format.
    """
    if format is not None and format not in FORMATS:
        raise UsageError(
            f"There is no format {format!r}; choose one of {', '.join(FORMATS)}."
        )
    try:
        kind = format or _detected(source)
        if kind in ("", *KINDS):
            reading = Reading(source, False, iter(()))
            found = _foreign(source, kind or None, reading, progress)
            try:
                # Whether it is ours may stand at its end.
                first = next(found, None)
                reading.conversations = chain([first] if first else [], found)
                return reading
            except OursError:
                if format is not None:
                    raise Refused(
                        "it is of this program's own format", "leave the format out"
                    ) from None
                kind = "json"
        notes: list[str] = []
        found = iter(_own(source, kind, notes.append))
        return Reading(source, True, found, notes=notes)
    except NothingInside as reason:
        raise UnknownKindError(str(cannot(source.name, reason))) from reason
    except Refused as reason:
        raise cannot(source.name, reason) from reason


def read_import(
    path: Path,
    format: str | None = None,
    *,
    note: Callable[[str], None] = lambda text: None,
) -> list[NewConversation]:
    """All conversations of a file, folder or zip file; see `read`.

    `note` is told sentences about what was left out. Raises what `read` does.
    """
    found: list[NewConversation] = []
    for source in sources_in(path):
        try:
            reading = read(source, format)
        except UnknownKindError:
            if source.asked:
                raise
            continue
        found += reading.conversations
        for sentence in reading.sentences():
            note(sentence)
    return found


def _detected(source: Source) -> str:
    """One of `FORMATS` for what is ours, "" for what may be another program's."""
    with _opened(source) as stream:
        head = beginning(stream.read(HEAD))
    start = head[:1]
    if not start:
        raise Refused("it is empty", "give a file with conversations in it")
    if start == "{" and _OURS.search(head):
        key = _KEY.search(head)
        return _BY_KEY[key[1]] if key else "json"
    if start in "{[":
        return ""
    if source.size <= LARGEST_FILE and markdown.MARK.search(_text(source, "replace")):
        return "markdown"
    raise _unknown(source.name)


def _own(
    source: Source, kind: str, note: Callable[[str], None]
) -> list[NewConversation]:
    """All of a file of our own; `note` is told what was left out. Raises `Refused`."""
    try:
        text = _text(source, "strict")
    except UnicodeDecodeError as error:
        raise Refused(
            f"byte {error.start:,} of it is not UTF-8", "save it as UTF-8 text"
        ) from None
    if kind == "markdown":
        return markdown.read(text)
    reader = {"json": native.read_json, "jsonl": native.read_jsonl}[kind]
    return reader(text, note)


def _text(source: Source, errors: str) -> str:
    """All of a file. Raises `Refused`."""
    with _opened(source) as stream:
        data = b""
        # The end is asked for: one that is damaged gives less before it says so.
        while len(data) <= LARGEST_FILE and (piece := stream.read(LARGEST_FILE + 1)):
            data += piece
    size = max(len(data), source.size)
    if len(data) > LARGEST_FILE:
        raise Refused(
            f"it has {size:,} bytes, more than the {LARGEST_FILE:,} that can be read",
            "divide it into several files",
        )
    return data.decode(encoding_of(data), errors).removeprefix("\ufeff")


@contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    try:
        with source.open() as stream:
            yield stream
    except DAMAGED as error:
        raise unopened(error) from error


def _foreign(
    source: Source,
    kind: str | None,
    reading: Reading,
    progress: Callable[[int], None],
) -> Iterator[NewConversation]:
    with _opened(source) as stream:
        pieces = Pieces(stream)

        def piece(size: int) -> str:
            try:
                text = pieces.read(size)
            except DAMAGED as error:
                reading.about.append(
                    f"The rest of {source.name} cannot be read ({error})."
                )
                return ""
            progress(pieces.bytes_read)
            return text

        foreign = Foreign(reading.left, kind)
        foreign.values = Values(piece, foreign.fits, _PARTS_OF_OURS)
        empty = True
        for conversation in foreign:
            empty = False
            yield conversation
    if pieces.undecodable:
        reading.about.append(
            f"{counted(pieces.undecodable, 'character')} of {source.name} could not be "
            f"decoded; the first is at about byte {pieces.first:,}."
        )
    if empty and foreign.unknown and not foreign.known:
        raise _unknown(source.name, kind)
    if empty:
        reasons = [s.rstrip(".") for s in reading.sentences()]
        said = "; ".join(reasons) or "there are none in it"
        raise HistoryError(
            f"Cannot import {source.name}: none of its conversations can be read "
            f"({said}); export them again."
        )


def _unknown(name: str, kind: str | None = None) -> UnknownKindError:
    """What was expected of a file that is none of it."""
    if kind is not None:
        return UnknownKindError(
            f"Cannot import {name}: none of it has the format {kind!r}; leave out "
            "--format to detect it from the content."
        )
    return UnknownKindError(
        f"Cannot import {name}: it has no conversations in a known format. Give one of "
        f"these: {EXPECTED}."
    )
