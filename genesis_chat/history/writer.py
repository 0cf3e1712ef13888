"""Replies while they come: appended every moment, and never left half-told."""

import sqlite3
import time
from pathlib import Path
from typing import Any

from . import index
from .checksums import checksum, pack_ids, pack_receipt, unpack_ids
from .connection import transaction
from .records import Receipt, Status
from .rows import new_id, storable

# A commit takes milliseconds: often enough that a kill costs a few words at most.
FLUSH_SECONDS = 0.2


class ReplyWriter:
    """Appends to one reply. What is not flushed is at most a moment's text."""

    def __init__(
        self, connection: sqlite3.Connection, row: dict[str, Any], number: int
    ) -> None:
        self._connection, self._row, self._number = connection, row, number
        self._indexed = str(row["content"])
        self._text = [str(row["content"])]
        self._thought = [str(row["thought"])]
        self._ids = list(unpack_ids(row["token_ids"]))
        self._flushed = float("-inf")
        self._waiting = False

    @property
    def id(self) -> str:
        """The reply's message id."""
        return str(self._row["id"])

    def append(self, text: str, token_ids: tuple[int, ...] = ()) -> None:
        """Add text and the tokens it was generated as. Raises `HistoryError`."""
        self._text.append(storable(text))
        self._ids.extend(token_ids)
        self._waiting = True
        self.keep_up()

    def think(self, text: str, token_ids: tuple[int, ...] = ()) -> None:
        """Add to the thought before the reply; otherwise as `append`."""
        self._thought.append(storable(text))
        self._ids.extend(token_ids)
        self._waiting = True
        self.keep_up()

    def keep_up(self) -> None:
        """Commit what has waited its moment. Raises `HistoryError`.

        To be called while no piece comes, too: a model that hangs sends none.
        """
        if self._waiting and time.monotonic() - self._flushed >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Commit everything appended so far. Raises `HistoryError`."""
        self._write(status="writing")

    def finish(
        self,
        status: Status,
        receipt: Receipt | None = None,
        token_ids: tuple[int, ...] | None = None,
    ) -> None:
        """Commit the whole reply, and all its tokens if given; see `append`.

        Without a receipt the one it began with stays.
        """
        if token_ids is not None:
            self._ids = list(token_ids)
        if receipt:
            self._row["receipt"] = pack_receipt(receipt)
        self._write(status=status, writer=None)

    def _write(self, **changes: Any) -> None:
        row = {
            **self._row,
            **changes,
            "content": "".join(self._text),
            "thought": "".join(self._thought),
            "token_ids": pack_ids(tuple(self._ids)),
        }
        row["checksum"] = checksum(row)
        with transaction(self._connection):
            index.remove(self._connection, self._number, self._indexed)
            index.add(self._connection, self._number, row["content"])
            self._connection.execute(
                "UPDATE message SET content = :content, thought = :thought, "
                "token_ids = :token_ids, "
                "status = :status, receipt = :receipt, writer = :writer, "
                "checksum = :checksum WHERE id = :id",
                row,
            )
        self._indexed = row["content"]
        self._flushed = time.monotonic()
        self._waiting = False


class WriterLock:
    """Held by a program that is writing a reply: the system frees it at its end."""

    def __init__(self, history: Path) -> None:
        self.name = new_id()
        self._path = _lock_path(history, self.name)
        self._lock: Any = None

    def acquire(self) -> None:
        """Take the lock, once."""
        if self._lock is None:
            from filelock import FileLock

            self._lock = FileLock(self._path, mode=0o600)
            self._lock.acquire()

    def release(self) -> None:
        """Give the lock up and remove its file."""
        if self._lock is not None:
            self._path.unlink(missing_ok=True)
            self._lock.release()
            self._lock = None


def mark_interrupted(connection: sqlite3.Connection, history: Path) -> int:
    """Mark the replies of programs that are gone; how many there were."""
    query = "SELECT DISTINCT writer FROM message WHERE writer IS NOT NULL"
    writers = [row["writer"] for row in connection.execute(query)]
    gone = [writer for writer in writers if _is_gone(_lock_path(history, writer))]
    count = 0
    for writer in gone:
        with transaction(connection):
            query = "SELECT * FROM message WHERE writer = ?"
            for found in connection.execute(query, (writer,)).fetchall():
                row = {**found, "status": "interrupted", "writer": None}
                # A changed text must stay one that fails its checksum.
                if checksum(found) == found["checksum"]:
                    row["checksum"] = checksum(row)
                connection.execute(
                    "UPDATE message SET status = :status, writer = :writer, "
                    "checksum = :checksum WHERE number = :number",
                    row,
                )
                count += 1
    return count


def _lock_path(history: Path, writer: str) -> Path:
    return history.with_name(f".{history.stem}-writer-{writer}.lock")


def _is_gone(path: Path) -> bool:
    if not path.exists():
        return True
    from filelock import FileLock, Timeout

    try:
        with FileLock(path, timeout=0):
            path.unlink(missing_ok=True)
    except Timeout:
        return False
    return True
