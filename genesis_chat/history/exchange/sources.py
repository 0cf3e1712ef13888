"""What a person names to be imported: files, folders, zip files, standard input."""

import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath, PurePosixPath
from typing import BinaryIO, TypeVar, cast

from ...errors import HistoryError
from .checked import Refused

ENDINGS = (".json", ".jsonl", ".ndjson", ".md")
# What a file or an input may have in bytes, unpacked.
LARGEST = 8 * 2**30
# Texts shrink to a tenth, and the most uniform exports to a fiftieth.
LARGEST_RATIO, UNSUSPICIOUS = 200, 16 * 2**20
IN_MEMORY = 16 * 2**20
INPUT = "standard input"
_ZIP = b"PK\x03\x04"
P = TypeVar("P", bound=PurePath)


@dataclass(frozen=True)
class Source:
    """Something with conversations in it; `open` can be called again and again.

    `asked` is whether a person named it, rather than what it was found in.
    """

    name: str
    size: int
    open: Callable[[], AbstractContextManager[BinaryIO]]
    asked: bool = True


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
        with path.open("rb") as file:
            zipped = file.read(len(_ZIP)) == _ZIP
    except (OSError, ValueError) as error:
        raise unopened(error) from error
    if zipped:
        return _in_zip(str(path), lambda: path.open("rb"))
    return [Source(str(path), status.st_size, lambda: path.open("rb"))]


@contextmanager
def sources_of_input(stream: BinaryIO) -> Iterator[list[Source]]:
    """The sources in standard input, which is kept in a file while they are read.

    Raises `HistoryError`.
    """
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as kept:
        size = 0
        while data := stream.read(2**20):
            size += len(data)
            if size > LARGEST:
                raise cannot(INPUT, Refused("it does not end", "give less"))
            kept.write(data)

        def opened() -> BinaryIO:
            kept.seek(0)
            return cast(BinaryIO, _Kept(kept))

        if opened().read(len(_ZIP)) != _ZIP:
            yield [Source(INPUT, size, opened)]
            return
        try:
            found = _in_zip(INPUT, opened)
        except Refused as reason:
            raise cannot(INPUT, reason) from reason
        yield found


def unopened(error: Exception) -> Refused:
    """Why a file cannot be read at all."""
    # A path with a NUL is a value error.
    reason = getattr(error, "strerror", None) or error
    said = str(reason).rstrip(".")
    return Refused(f"it cannot be read ({said})", "give the path of a file")


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


def _in_folder(folder: Path) -> list[Source]:
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = _chosen([path.relative_to(folder) for path in paths], (".zip",))
    found: list[Source] = []
    for name in names:
        for source in _sources_in(folder / name):
            found.append(Source(source.name, source.size, source.open, asked=False))
    if not found:
        raise Refused(
            f"no file in it ends in {', '.join(ENDINGS)} or .zip",
            "name the files to import",
        )
    return found


def _in_zip(name: str, opened: Callable[[], BinaryIO]) -> list[Source]:
    try:
        with opened() as file, zipfile.ZipFile(file) as archive:
            entries = {e.filename: e for e in archive.infolist() if not e.is_dir()}
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise Refused(
            f"it is not a whole zip file ({error})", "download it again"
        ) from error
    chosen = _chosen([PurePosixPath(entry) for entry in entries], ())
    if not chosen:
        raise Refused(
            f"no file in it ends in {', '.join(ENDINGS)}", "name the export itself"
        )
    found = []
    for path in chosen:
        entry = entries[str(path)]
        ratio = entry.file_size / max(1, entry.compress_size)
        if entry.file_size > LARGEST or (
            entry.file_size > UNSUSPICIOUS and ratio > LARGEST_RATIO
        ):
            raise Refused(
                f"{path} in it would unpack to {entry.file_size:,} bytes, "
                f"{ratio:,.0f} times its size, as no export does",
                "unpack it yourself if you trust it",
            )
        found.append(
            Source(
                f"{path} in {name}",
                entry.file_size,
                partial(_Entry, opened, entry.filename),
                asked=False,
            )
        )
    return found


class _Entry:
    """A file within a zip file, open."""

    def __init__(self, opened: Callable[[], BinaryIO], entry: str) -> None:
        self._file = opened()
        self._archive = zipfile.ZipFile(self._file)
        self._entry = self._archive.open(entry)

    def __enter__(self) -> BinaryIO:
        return cast(BinaryIO, self._entry)

    def __exit__(self, *error: object) -> None:
        self._entry.close()
        self._archive.close()
        self._file.close()


def _chosen(paths: list[P], more: tuple[str, ...]) -> list[P]:
    """Those that may hold conversations, in order.

    Beside files that are called `conversations`, all others are about something else.
    """
    fit = [
        path
        for path in paths
        if path.suffix.lower() in (*ENDINGS, *more)
        and not any(part.startswith((".", "__MACOSX")) for part in path.parts)
    ]
    folders = {path.parent for path in fit if _is_export(path)}
    return [p for p in sorted(fit) if _is_export(p) or p.parent not in folders]


def _is_export(path: PurePath) -> bool:
    return path.name.lower().startswith("conversations") and path.suffix != ".zip"
