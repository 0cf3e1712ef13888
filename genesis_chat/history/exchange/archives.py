"""Zip files and gzip streams: what is in them, in bounded memory."""

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from io import BufferedReader
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from .checked import Refused

# How a zip file begins, an empty one too, and a gzip stream.
ZIP, GZIP = (b"PK\x03\x04", b"PK\x05\x06"), b"\x1f\x8b\x08"
# What a file or an input may have in bytes, unpacked.
LARGEST = 8 * 2**30
# Texts shrink to a tenth, and the most uniform exports to a fiftieth.
_LARGEST_RATIO, _UNSUSPICIOUS = 200, 16 * 2**20
# So much at once: a read that meets damage loses what it has unpacked by then.
_PIECE = 2**13

# What reading packed bytes may raise: also encrypted ones, packed in a way that Python
# does not know, or with a name that is no text.
DAMAGED: tuple[type[Exception], ...] = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error),
    *(RuntimeError, UnicodeDecodeError),
)
with suppress(ImportError):
    # Python can be built without it.
    import lzma

    DAMAGED += (lzma.LZMAError,)
_NO_ZIP: tuple[type[Exception], ...] = (*DAMAGED, ValueError)

# Can be called again and again.
Opened = Callable[[], AbstractContextManager[BinaryIO]]


def most(packed: int) -> int:
    """How many bytes that many are at most when they are unpacked."""
    return max(_UNSUSPICIOUS, min(LARGEST, packed * _LARGEST_RATIO))


@dataclass(frozen=True)
class Entry:
    """A file in a zip file, with its sizes in bytes."""

    path: PurePosixPath
    size: int
    packed: int
    open: Opened

    def check(self) -> None:
        """Raises `Refused` for one that would unpack to what no export is."""
        if self.size > most(self.packed):
            ratio = self.size / max(1, self.packed)
            raise Refused(
                f"it would unpack to {self.size:,} bytes, "
                f"{ratio:,.0f} times its size, as no export does",
                "unpack it yourself if you trust it",
            )


def entries(opened: Opened) -> list[Entry]:
    """The files in a zip file. Raises `Refused`."""
    try:
        archive = _Archive(opened)
    except RuntimeError as error:
        raise Refused(f"it cannot be unpacked ({error})", "unpack it first") from error
    except _NO_ZIP as error:
        raise Refused(
            f"it is not a whole zip file ({error})", "download it again"
        ) from error
    return [
        Entry(
            # Windows programs write their own separators.
            PurePosixPath(info.filename.replace("\\", "/")),
            info.file_size,
            info.compress_size,
            partial(archive.entry, info),
        )
        for info in archive.zip.infolist()
        if not info.is_dir()
    ]


@contextmanager
def steady(opened: Opened, limit: int = LARGEST) -> Iterator[BinaryIO]:
    """A stream of at most so many bytes that gives all there is before damage.

    Reading raises what it raises only then, and `OSError` past the limit.
    """
    with opened() as stream:
        yield cast(BinaryIO, _Steady(cast(BufferedReader, stream), limit))


@contextmanager
def gunzipped(opened: Opened) -> Iterator[BinaryIO]:
    """What a gzip stream holds, open."""
    with opened() as file, gzip.GzipFile(fileobj=file) as stream:
        yield cast(BinaryIO, stream)


class _Steady:
    def __init__(self, stream: BufferedReader, limit: int) -> None:
        self._stream, self._left = stream, limit
        self._error: Exception | None = None

    def read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size and self._error is None:
            try:
                piece = self._stream.read1(min(_PIECE, size - len(data)))
            except DAMAGED as error:
                self._error = error
                break
            if not piece:
                break
            data += piece
        self._left -= len(data)
        if self._left < 0:
            raise OSError("it unpacks to more bytes than any export")
        if self._error is not None and not data:
            raise self._error
        return bytes(data)


class _Archive:
    """A zip file whose directory is read once; it is open while an entry is read.

    To `ZipFile` it is the file, which is there all the time.
    """

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._readers = 0
        self._file: BinaryIO
        self._closing = ExitStack()
        with self._open():
            self.zip = zipfile.ZipFile(cast(BinaryIO, self))

    @contextmanager
    def entry(self, info: zipfile.ZipInfo) -> Iterator[BinaryIO]:
        """What an entry holds, open."""
        with self._open(), self.zip.open(info) as stream:
            yield cast(BinaryIO, stream)

    @contextmanager
    def _open(self) -> Iterator[None]:
        if not self._readers:
            self._file = self._closing.enter_context(self._opened())
        self._readers += 1
        try:
            yield
        finally:
            self._readers -= 1
            if not self._readers:
                self._closing.close()

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return self._file.seekable()
