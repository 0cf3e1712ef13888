"""Histories as earlier versions of the program left them."""

import sqlite3
from contextlib import closing
from pathlib import Path


def to_first_schema(path: Path) -> None:
    """Take out of a history's file all that its first schema did not have."""
    with closing(sqlite3.connect(path)) as old:
        old.execute("DROP INDEX conversation_created")
        old.execute("DROP INDEX conversation_origin")
        old.execute("ALTER TABLE conversation DROP COLUMN origin")
        old.execute("ALTER TABLE conversation DROP COLUMN pinned")
        old.execute("ALTER TABLE conversation DROP COLUMN settings")
        old.execute("ALTER TABLE message DROP COLUMN deleted")
        old.execute("ALTER TABLE message DROP COLUMN thought")
        old.execute("DROP TABLE draft")
        old.execute("PRAGMA user_version=1")
