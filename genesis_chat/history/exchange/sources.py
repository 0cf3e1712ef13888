"""What a person names to be imported: files, folders, zip files, standard input."""

import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePath
from typing import BinaryIO, NoReturn, TypeVar, cast

from ...errors import HistoryError
from ...text_files import Readable
from .archives import (
    GZIP,
    LARGEST,
    ZIP,
    Entry,
    Opened,
    entries,
    gunzipped,
    most,
    steady,
)
from .checked import Refused
from .encoded import HEAD, beginning

ENDINGS = (".json", ".jsonl", ".ndjson", ".md")
# Six times the size of one of our own is needed while it is read.
LARGEST_FILE = 128 * 2**20
IN_MEMORY = 16 * 2**20
INPUT = "standard input"
P = TypeVar("P", bound=PurePath)


@dataclass(frozen=True)
class Source:
    """Something with conversations in it; `open` can be called again and again.

    `asked` is whether a person named it, rather than what it was found in.
    """

    name: str
    size: int
    open: Opened
    asked: bool = True


class NothingInside(Refused):
    """Why a folder or a zip file is passed: no file in it may hold conversations."""


def sources_in(path: Path) -> list[Source]:
    """The sources that a path stands for. Raises `HistoryError`."""
    try:
        return _sources_in(path)
    except Refused as reason:
        raise cannot(str(path), reason) from reason


def cannot(name: str, reason: Refused) -> HistoryError:
    """The sentence that something is refused with."""
    return HistoryError(f"Cannot import {name}: {reason}; {reason.advice}.")


def _sources_in(path: Path) -> list[Source]:
    try:
        if path.is_dir():
            return _in_folder(path)
        status = path.stat()
        # Opening a pipe would wait until someone writes to it.
        if not stat.S_ISREG(status.st_mode):
            raise Refused("it is not a regular file", "give the path of a file")
        return _in_file(str(path), status.st_size, lambda: path.open("rb"))
    except (OSError, ValueError) as error:
        raise unopened(error) from error


@contextmanager
def sources_of_input(
    stream: Readable, came: Callable[[], None] = lambda: None
) -> Iterator[list[Source]]:
    """The sources in standard input, which is kept in a file while they are read.

    `came` is called after each piece that was read. Raises `HistoryError`.
    """
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as kept:
        try:
            size = _keep(stream, kept, came)
        except OSError as error:
            raise cannot(INPUT, unopened(error)) from error

        def opened() -> AbstractContextManager[BinaryIO]:
            kept.seek(0)
            return cast(BinaryIO, _Kept(kept))

        try:
            found = _in_file(INPUT, size, opened)
        except Refused as reason:
            raise cannot(INPUT, reason) from reason
        yield found


def unopened(error: Exception) -> Refused:
    """Why a file cannot be read at all."""
    # A path with a NUL is a value error.
    reason = getattr(error, "strerror", None) or error
    said = str(reason).rstrip(".")
    packed = isinstance(error, RuntimeError)
    advice = "unpack it first" if packed else "give the path of a file"
    return Refused(f"it cannot be read ({said})", advice)


class _Kept:
    """A file that stays open when it is closed."""

    def __init__(self, file: "tempfile.SpooledTemporaryFile[bytes]") -> None:
        self._file = file
        self.read, self.seek, self.tell = file.read, file.seek, file.tell

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing: it is read again."""

    def __enter__(self) -> "_Kept":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _keep(
    stream: Readable,
    kept: "tempfile.SpooledTemporaryFile[bytes]",
    came: Callable[[], None],
) -> int:
    """Put all that comes into a file; how many bytes. Raises `HistoryError`."""
    size, head = 0, b""
    while data := stream.read1(2**20):
        came()
        size += len(data)
        head += data[: HEAD - len(head)]
        if size > LARGEST_FILE and size > _most(head):
            raise cannot(INPUT, Refused("it does not end", "give less"))
        kept.write(data)
    return size


def _most(head: bytes) -> int:
    """How many bytes an input may have that begins with these."""
    packed = head.startswith((*ZIP, GZIP))
    return LARGEST if packed or beginning(head)[:1] in ("{", "[") else LARGEST_FILE


def _in_file(name: str, size: int, opened: Opened) -> list[Source]:
    with opened() as file:
        head = file.read(len(ZIP[0]))
    if head in ZIP:
        return _in_zip(name, opened)
    if head.startswith(GZIP):
        opened = partial(steady, partial(gunzipped, opened), most(size))
    return [Source(name, size, opened)]


def _in_folder(folder: Path) -> list[Source]:
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = _chosen([path.relative_to(folder) for path in paths], (".zip",))
    found: list[Source] = []
    for name in names:
        try:
            found += _sources_in(folder / name)
        except Refused as reason:
            found.append(_refused(str(folder / name), reason))
    if not found:
        raise NothingInside(
            f"no file in it ends in {', '.join(ENDINGS)} or .zip",
            "name the files to import",
        )
    return [replace(source, asked=False) for source in found]


def _in_zip(name: str, opened: Opened, within: bool = False) -> list[Source]:
    there = entries(opened)
    chosen = _chosen([entry.path for entry in there], ())
    if not within and not any(map(_is_export, chosen)):
        # Beside what an export is, they are attachments.
        chosen = _chosen([entry.path for entry in there], (".zip",))
    fit, found = set(chosen), list[Source]()
    # A name may stand in it twice.
    for entry in sorted(there, key=lambda entry: entry.path):
        if entry.path not in fit:
            continue
        called = f"{entry.path} in {name}"
        try:
            found += _in_entry(called, entry)
        except Refused as reason:
            found.append(_refused(called, reason))
    if not found:
        raise NothingInside(
            f"no file in it ends in {', '.join(ENDINGS)}", "name the export itself"
        )
    return found


def _in_entry(name: str, entry: Entry) -> list[Source]:
    entry.check()
    suffix = entry.path.suffix.lower()
    if suffix == ".zip":
        return _in_zip(name, entry.open, within=True)
    stream = partial(gunzipped, entry.open) if suffix == ".gz" else entry.open
    opened = partial(steady, stream, most(entry.size))
    return [Source(name, entry.size, opened, asked=False)]


def _refused(name: str, reason: Refused) -> Source:
    """One of several sources that cannot be read; the others can."""

    def opened() -> NoReturn:
        raise reason

    return Source(name, 0, opened, asked=False)


def _chosen(paths: list[P], more: tuple[str, ...]) -> list[P]:
    """Those that may hold conversations, in order.

    Beside files that are called `conversations`, all others are about something else.
    """
    fit = [
        path
        for path in paths
        if _suffix(path) in (*ENDINGS, *more)
        and not any(part.startswith((".", "__MACOSX")) for part in path.parts)
    ]
    folders = {path.parent for path in fit if _is_export(path)}
    return [p for p in sorted(fit) if _is_export(p) or p.parent not in folders]


def _suffix(path: PurePath) -> str:
    """How a file's name ends, apart from how it is packed."""
    suffix = path.suffix.lower()
    return path.with_suffix("").suffix.lower() if suffix == ".gz" else suffix


def _is_export(path: PurePath) -> bool:
    return path.name.lower().startswith("conversations") and _suffix(path) != ".zip"
