"""Whether the history file is whole, and what it holds."""

import sqlite3
from pathlib import Path
from typing import Any

from .checksums import CONVERSATION, checksum


def problems(connection: sqlite3.Connection) -> list[str]:
    """One sentence per problem: the file's structure, its index, every text."""
    found: list[str] = []
    try:
        # Not quick_check: that one does not compare rows with their indices.
        for row in connection.execute("PRAGMA integrity_check(20)"):
            if row[0] != "ok":
                found.append(f"The file is damaged: {row[0]}.")
        for row in connection.execute("PRAGMA foreign_key_check"):
            found.append(f"Row {row[1]} of {row[0]} refers to what is not there.")
        for row in connection.execute("SELECT * FROM conversation"):
            if checksum(row, CONVERSATION) != row["checksum"]:
                found.append(f"Conversation {row['id']} is not what was stored.")
        for row in connection.execute("SELECT * FROM message ORDER BY number"):
            if checksum(row) != row["checksum"]:
                found.append(f"Message {row['id']} is not what was stored.")
    except sqlite3.Error as error:
        found.append(f"The file is damaged: {error}.")
    try:
        connection.execute(
            "INSERT INTO message_text (message_text, rank) "
            "VALUES ('integrity-check', 1)"
        )
    except sqlite3.Error:
        found.append("The search index does not agree with the messages.")
    return found


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
