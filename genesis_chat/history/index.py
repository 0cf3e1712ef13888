"""The full-text index, kept in step by hand.

SQLite lets no trigger write to it while the schema is not trusted, and a schema that
came with a file is not. Every function is to be called in a transaction.
"""

import sqlite3


def add(connection: sqlite3.Connection, number: int, content: str) -> None:
    """Index a message that was inserted or changed."""
    connection.execute(
        "INSERT INTO message_text (rowid, content) VALUES (?, ?)", (number, content)
    )


def remove(connection: sqlite3.Connection, number: int, content: str) -> None:
    """Take a message out, given the text it was indexed with."""
    connection.execute(
        "INSERT INTO message_text (message_text, rowid, content) "
        "VALUES ('delete', ?, ?)",
        (number, content),
    )


def rebuild(connection: sqlite3.Connection) -> None:
    """Index everything anew."""
    connection.execute("INSERT INTO message_text (message_text) VALUES ('rebuild')")
