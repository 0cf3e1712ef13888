"""Connections to the history file, safe against power cuts and other programs."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import HistoryError

# Another program's transaction takes milliseconds; a stopped program may hold one.
BUSY_MILLISECONDS = 60_000
JOURNAL_BYTES = 16 * 2**20


def journal_mode(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> str:
    """The journal mode that is safe with a version of SQLite.

    Versions up to 3.51.2, apart from two backports, can corrupt a write-ahead log
    that is reset while another connection commits (sqlite.org/wal.html).
    """
    fixed = version >= (3, 51, 3)
    backported = (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return "wal" if fixed or backported else "truncate"


def connect(path: Path) -> sqlite3.Connection:
    """Open or create a history file that only its owner can read.

    Raises `sqlite3.Error` or `OSError`.
    """
    if not path.exists():
        # SQLite gives its journals the mode of the file.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        connection.execute(f"PRAGMA journal_mode={journal_mode()}")
        for pragma in (
            "synchronous=FULL",
            "fullfsync=ON",
            "checkpoint_fullfsync=ON",
            "foreign_keys=ON",
            # What is deleted for good is overwritten too.
            "secure_delete=ON",
            "trusted_schema=OFF",
            "cell_size_check=ON",
            f"journal_size_limit={JOURNAL_BYTES}",
            "mmap_size=0",
        ):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    connection.row_factory = sqlite3.Row
    connection.text_factory = decoded
    return connection


def decoded(data: bytes) -> str:
    """A stored text as it is, also where damage has left bytes that are not UTF-8."""
    return data.decode("utf-8", "replace")


@contextmanager
def read_only(path: Path, *, as_is: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection that cannot change the file. Raises `sqlite3.Error`.

    `as_is` reads it also when a killed program has left a transaction to roll back,
    which a reader may not do.
    """
    address = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if as_is else ''}"
    connection = sqlite3.connect(address, uri=True, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.text_factory = decoded
    try:
        connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        connection.execute("PRAGMA trusted_schema=OFF")
        with plain_errors():
            yield connection
    finally:
        connection.close()


@contextmanager
def plain_errors() -> Iterator[None]:
    """Damage that Python cannot put into words is a `sqlite3.DatabaseError` too.

    What SQLite says of a damaged schema quotes it, and that need not be UTF-8.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise sqlite3.DatabaseError(f"it holds no text: {error.reason}") from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All statements inside or none; the write lock is taken at the start.

    Raises `HistoryError` for a full disk, or a file that is damaged or cannot be
    written.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        raise HistoryError(
            f"The history could not be written: {error}. Run `genesis-chat doctor`."
        ) from error
