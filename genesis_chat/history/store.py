"""The history: conversations as trees of messages, in one SQLite file."""

import errno
import json
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..errors import HistoryError
from ..paths import data_directory, private_directory
from ..text_files import linked
from .adding import Adder
from .checksums import pack_receipt
from .connection import connect, plain_errors, transaction
from .migrations import back_up, check_identity, migrate
from .reading import unreadable
from .records import (
    Conversation,
    NewConversation,
    NewMessage,
    Receipt,
    Role,
    StoredMessage,
)
from .recovery import Recovery, is_ours, recover
from .rows import (
    CONVERSATIONS,
    insert_message,
    message_row,
    now,
)
from .writer import ReplyWriter, WriterLock, mark_interrupted

FILE = "history.sqlite3"


class _Undone(Exception):
    """Takes a transaction back."""


class Store(Adder):
    """An open history; close it, or use it in a `with` statement.

    What a method has returned is on the disk. Methods raise `HistoryError`. One
    thread may use a store; any number of programs may have the file open.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        super().__init__(path, connection)
        # Programs that come by a link and by the file itself share their locks.
        self._lock = WriterLock(linked(path))

    @classmethod
    def open(
        cls,
        path: Path | None = None,
        *,
        recovered: Callable[[Recovery], None] = lambda recovery: None,
    ) -> Self:
        """Open the history, making or migrating the file if need be.

        Replies whose program ended before they did become "interrupted". A damaged
        file is kept aside, what can be read of it is saved into a new one, and
        `recovered` is told.
        """
        path = path or data_directory() / FILE
        try:
            # A symbolic link stays one: what becomes of the file happens beside it.
            file = linked(path)
        except OSError as error:
            raise unreadable(path, error) from error
        try:
            return cls(path, _open(path, file))
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) or not is_ours(file):
                raise unreadable(path, error) from error
            recovered(recover(file))
        try:
            return cls(path, _open(path, file))
        except sqlite3.Error as error:
            raise unreadable(path, error) from error

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def create(self, *, title: str = "", system: str = "") -> Conversation:
        """Begin a conversation."""
        with transaction(self._connection):
            id = self._create(title, system, now())
        return self._conversation(id)

    def add(
        self,
        conversation: str,
        role: Role,
        content: str,
        *,
        parent: str | None,
        draft: str | None = None,
    ) -> StoredMessage:
        """Add a message under `parent`; it becomes the conversation's head.

        The `draft` in that place, which the message was until now, goes with it.
        """
        row = message_row(conversation, role, content, parent)
        with transaction(self._connection):
            self._check_parent(conversation, parent)
            insert_message(self._connection, row)
            self._moved(conversation, row["id"], content)
            query = "DELETE FROM draft WHERE place = ?"
            self._connection.execute(query, (draft,))
        return self.message(row["id"])

    def begin_reply(
        self, conversation: str, *, parent: str, receipt: Receipt | None = None
    ) -> ReplyWriter:
        """Add an empty reply under `parent` and return what appends to it.

        `receipt` is what is known of it already, should its end never come.
        """
        self._lock.acquire()
        row = message_row(
            conversation,
            "assistant",
            "",
            parent,
            status="writing",
            receipt=receipt,
            writer=self._lock.name,
        )
        with transaction(self._connection):
            self._check_parent(conversation, parent)
            number = insert_message(self._connection, row)
            self._moved(conversation, row["id"])
        return ReplyWriter(self._connection, row, number)

    def resume_reply(self, message: str, receipt: Receipt | None) -> ReplyWriter:
        """Go on with a reply that was cut short; what is written is appended."""
        self._lock.acquire()
        with transaction(self._connection):
            found = self.message(message)
            if found.role != "assistant" or found.status in ("writing", "damaged"):
                raise HistoryError(
                    f"The reply {message} can't be continued: it is {found.status}; "
                    "regenerate it."
                )
            query = "SELECT * FROM message WHERE id = ?"
            row = dict(self._connection.execute(query, (message,)).fetchone())
            row |= {"receipt": pack_receipt(receipt), "writer": self._lock.name}
            writer = ReplyWriter(self._connection, row, row.pop("number"))
            self._moved(found.conversation, message)
        writer.flush()
        return writer

    def fork(self, conversation: str, leaf: str) -> Conversation:
        """Copy the branch that ends with a message into a new conversation."""
        source = self._conversation(conversation)
        messages = [
            NewMessage(
                m.role,
                m.content,
                number - 1 if number else None,
                m.created,
                m.status,
                m.token_ids,
                m.receipt,
                m.thought,
            )
            for number, m in enumerate(self.branch(conversation, leaf))
        ]
        new = NewConversation(source.title, source.system, messages)
        with transaction(self._connection):
            id = self._insert(new)
            self._change(id, settings=json.dumps(source.settings))
        return self._conversation(id)

    def check(self) -> list[str]:
        """One sentence for everything wrong with the file; none when it is whole."""
        from .health import problems

        return problems(self._connection)

    def check_writable(self) -> None:
        """Raise `HistoryError` when nothing could be kept; nothing is changed."""
        with suppress(_Undone), transaction(self._connection):
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            # Touches the file's first page, and so makes the journal too.
            self._connection.execute(f"PRAGMA user_version={version}")
            raise _Undone

    def backup(self, path: Path) -> None:
        """Copy the whole history to a new file, also while others write."""
        back_up(self._connection, path)

    def stats(self) -> dict[str, Any]:
        """Counts, sizes in bytes, and how the file is kept."""
        from .health import statistics

        return statistics(self._connection, self.path)


def _open(path: Path, file: Path) -> sqlite3.Connection:
    """Open the file that `path` leads to.

    Raises `HistoryError`, or `sqlite3.DatabaseError` for a damaged file.
    """
    try:
        private_directory(path.parent)
        if file.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a directory")
        check_identity(file)
        connection = connect(file)
    except OSError as error:
        raise unreadable(path, error) from error
    latest = f"{CONVERSATIONS} ORDER BY turn DESC LIMIT 50"
    try:
        with plain_errors():
            migrate(connection, file)
            mark_interrupted(connection, file)
            # Reads every table's first pages: damage shows now, not in mid-reply.
            connection.execute(latest).fetchall()
            connection.execute("SELECT * FROM message ORDER BY number DESC LIMIT 50")
    except BaseException:
        connection.close()
        raise
    return connection
