"""Whether the history file is whole, and what it holds."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from .checksums import CONVERSATION, checksum

CHECK_INDEX = (
    "INSERT INTO message_text (message_text, rank) VALUES ('integrity-check', 1)"
)
# What a copy of the history may take in memory.
LARGEST_COPY = 256 * 2**20


def problems(connection: sqlite3.Connection) -> list[str]:
    """One sentence per problem: the file's structure, its index, every text."""
    # Each once: one damaged page is met by several of them.
    found: dict[str, None] = {}
    for look in (_structure, _references, _conversations, _messages, _by_conversation):
        if look is _by_conversation and not found:
            continue
        try:
            for problem in look(connection):
                found[problem] = None
        except (sqlite3.Error, UnicodeDecodeError) as error:
            found[f"The file is damaged: {error}."] = None
    try:
        _check_index(connection)
    except sqlite3.Error as error:
        if _tells_damage(error):
            found["The search index does not agree with the messages."] = None
        else:
            found[f"The search index could not be checked: {error}."] = None
    return list(found)


def _structure(connection: sqlite3.Connection) -> Iterator[str]:
    # Not quick_check: that one does not compare rows with their indices.
    for row in connection.execute("PRAGMA integrity_check(20)"):
        if row[0] != "ok":
            yield f"The file is damaged: {row[0]}."


def _references(connection: sqlite3.Connection) -> Iterator[str]:
    for row in connection.execute("PRAGMA foreign_key_check"):
        yield f"Row {row[1]} of {row[0]} refers to something missing."


def _conversations(connection: sqlite3.Connection) -> Iterator[str]:
    for row in connection.execute("SELECT * FROM conversation"):
        if checksum(row, CONVERSATION) != row["checksum"]:
            yield f"Conversation {row['id']} is damaged (checksum mismatch)."


def _messages(connection: sqlite3.Connection) -> Iterator[str]:
    yield from _changed(connection.execute("SELECT * FROM message ORDER BY number"))


def _by_conversation(connection: sqlite3.Connection) -> Iterator[str]:
    """Those that are read where a damaged page ends the reading of all."""
    ids = connection.execute("SELECT id FROM conversation").fetchall()
    query = "SELECT * FROM message WHERE conversation = ? ORDER BY number"
    for row in ids:
        # That a page is damaged was told before.
        with suppress(sqlite3.Error):
            yield from _changed(connection.execute(query, (row["id"],)))


def _changed(rows: Iterable[sqlite3.Row]) -> Iterator[str]:
    for row in rows:
        if checksum(row) != row["checksum"]:
            yield f"Message {row['id']} is damaged (checksum mismatch)."


def _check_index(connection: sqlite3.Connection) -> None:
    """Raises `sqlite3.Error`."""
    try:
        connection.execute(CHECK_INDEX)
    except sqlite3.Error as error:
        if _tells_damage(error) or _bytes(connection) > LARGEST_COPY:
            raise
        # The check changes nothing, but asks for a file that can be written.
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
            copy.execute("PRAGMA trusted_schema=OFF")
            connection.backup(copy)
            copy.execute(CHECK_INDEX)


def _bytes(connection: sqlite3.Connection) -> int:
    query = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    count: int = connection.execute(query).fetchone()[0]
    return count


def _tells_damage(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def statistics(connection: sqlite3.Connection, path: Path) -> dict[str, Any]:
    """Counts, sizes in bytes, and how the file is kept."""

    def value(query: str) -> Any:
        return connection.execute(query).fetchone()[0]

    return {
        "path": str(path),
        "bytes": path.stat().st_size,
        "conversations": value(
            "SELECT count(*) FROM conversation WHERE deleted IS NULL"
        ),
        "in_trash": value("SELECT count(*) FROM conversation WHERE deleted NOT NULL"),
        "messages": value("SELECT count(*) FROM message"),
        "reply_tokens": value(
            "SELECT ifnull(sum(length(token_ids)) / 4, 0) FROM message"
        ),
        "schema": value("PRAGMA user_version"),
        "journal_mode": value("PRAGMA journal_mode"),
        "sqlite": sqlite3.sqlite_version,
    }
