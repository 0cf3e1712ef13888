"""Whether the history file is whole, and what it holds."""

import sqlite3
from contextlib import closing
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
    found: list[str] = []
    try:
        # Not quick_check: that one does not compare rows with their indices.
        for row in connection.execute("PRAGMA integrity_check(20)"):
            if row[0] != "ok":
                found.append(f"The file is damaged: {row[0]}.")
        for row in connection.execute("PRAGMA foreign_key_check"):
            found.append(f"Row {row[1]} of {row[0]} refers to something missing.")
        for row in connection.execute("SELECT * FROM conversation"):
            if checksum(row, CONVERSATION) != row["checksum"]:
                found.append(
                    f"Conversation {row['id']} is damaged (checksum mismatch)."
                )
        for row in connection.execute("SELECT * FROM message ORDER BY number"):
            if checksum(row) != row["checksum"]:
                found.append(f"Message {row['id']} is damaged (checksum mismatch).")
    except (sqlite3.Error, UnicodeDecodeError) as error:
        found.append(f"The file is damaged: {error}.")
    try:
        _check_index(connection)
    except sqlite3.Error as error:
        if _tells_damage(error):
            found.append("The search index does not agree with the messages.")
        else:
            found.append(f"The search index could not be checked: {error}.")
    return found


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
