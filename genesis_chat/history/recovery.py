"""A damaged history: the original is kept aside, and what can be read is saved.

Nothing is ever deleted: calling a passing fault damage must not cost a word.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import HistoryError
from ..text import counted
from . import index
from .checksums import CONVERSATION, checksum
from .connection import connect, decoded, transaction
from .migrations import APPLICATION_ID, migrate

MAGIC = b"SQLite format 3\0"
APPLICATION_AT = slice(68, 72)
SIDE_FILES = ("", "-wal", "-shm", "-journal")
COLUMNS = {
    "conversation": (
        *("id", "title", "system", "head", "created", "updated", "turn", "deleted"),
    ),
    "message": (
        *("number", "id", "conversation", "parent", "role", "content", "status"),
        *("created", "token_ids", "receipt", "writer", "checksum", "thought"),
    ),
}
# What the first schema did not have, and its value there.
LATER = {"thought": ""}


@dataclass(frozen=True)
class Recovery:
    """What became of a damaged history.

    `original` is the damaged file. `saved` of `found` messages are in the new one,
    `changed` of these with a text that is not what was stored; `found` is an estimate
    when the damage hides their number.
    """

    original: Path
    found: int
    saved: int
    changed: int

    def __str__(self) -> str:
        changed = f", {self.changed} of them changed" if self.changed else ""
        return (
            f"The history was damaged. Saved {self.saved:,} of "
            f"{counted(self.found, 'message')}{changed}; the damaged file is kept as "
            f"{self.original}."
        )


def is_ours(path: Path) -> bool:
    """Whether a file that cannot be read was a history: by its header's bytes.

    To be called with no connection open: closing a file drops SQLite's locks on it.
    """
    with path.open("rb") as file:
        header = file.read(100)
    signs = (
        header.startswith(MAGIC),
        header[APPLICATION_AT] == APPLICATION_ID.to_bytes(4, "big"),
    )
    return any(signs)


def recover(path: Path) -> Recovery:
    """Move a damaged history aside and save its messages into a new one.

    Raises `HistoryError`, and nothing has been moved then.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    original = path.with_name(f"{path.stem}-damaged-{stamp}-{os.getpid()}.sqlite3")
    saved = path.with_name(f".{path.stem}-saved-{os.getpid()}.sqlite3")
    try:
        saved.unlink(missing_ok=True)
        counts = _save(path, saved)
        for suffix in SIDE_FILES[1:]:
            Path(f"{saved}{suffix}").unlink(missing_ok=True)
        for suffix in SIDE_FILES:
            with suppress(FileNotFoundError):
                os.replace(f"{path}{suffix}", f"{original}{suffix}")
        os.replace(saved, path)
    except (OSError, sqlite3.Error, HistoryError) as error:
        for suffix in SIDE_FILES:
            with suppress(OSError):
                os.unlink(f"{saved}{suffix}")
        raise HistoryError(
            f"The history {path} is damaged and could not be repaired: {error}. "
            "Nothing was changed; copy the file and free some disk space."
        ) from error
    return Recovery(original, *counts)


def _save(damaged: Path, target: Path) -> tuple[int, int, int]:
    source = sqlite3.connect(damaged, isolation_level=None)
    source.row_factory = sqlite3.Row
    source.text_factory = decoded
    with closing(source), closing(connect(target)) as new:
        # Else a file that was cut is refused as a whole.
        source.execute("PRAGMA writable_schema=ON")
        migrate(new, target)
        conversations, messages = (
            {row["id"]: row for row in _rows(source, table)} for table in COLUMNS
        )
        found = max(len(messages), _highest(source))
        changed = 0
        with transaction(new):
            new.execute("PRAGMA defer_foreign_keys=ON")
            for row in messages.values():
                if row["conversation"] not in conversations:
                    conversations[row["conversation"]] = _lost(row)
            # Of each conversation the message that was written last.
            last = {
                row["conversation"]: row["id"]
                for row in sorted(messages.values(), key=lambda row: row["number"])
            }
            for row in conversations.values():
                gone = row["head"] not in messages
                row = {**row, "head": last.get(row["id"]) if gone else row["head"]}
                row["checksum"] = checksum(row, CONVERSATION)
                _insert(new, "conversation", row)
            for row in messages.values():
                changed += _insert_message(new, row, messages)
            index.rebuild(new)
        # All of it into the file itself: closing would not tell that there is no room.
        new.execute("PRAGMA journal_mode=DELETE")
    return found, len(messages), changed


def _rows(source: sqlite3.Connection, table: str) -> Iterator[dict[str, Any]]:
    """Every row that can be read, each on its own once the first one fails."""
    columns = _columns(source, table)
    names = ", ".join(columns)
    seen: set[int] = set()
    try:
        for row in source.execute(f"SELECT rowid AS at, {names} FROM {table}"):
            # A torn tree may lead to one page twice.
            if row["at"] not in seen and _is_sound(table, row):
                yield _typed(table, row)
            seen.add(row["at"])
    except (sqlite3.Error, UnicodeError):
        pass
    for at in range(1, _highest(source, table) + 1):
        if at in seen:
            continue
        try:
            query = f"SELECT {names} FROM {table} WHERE rowid = ?"
            row = source.execute(query, (at,)).fetchone()
        except (sqlite3.Error, UnicodeError):
            continue
        if row is not None and _is_sound(table, row):
            yield _typed(table, row)


def _columns(source: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """The columns that an older file has too, unless this one has them all."""
    columns = COLUMNS[table]
    try:
        source.execute(f"SELECT {', '.join(columns)} FROM {table} LIMIT 0")
    except (sqlite3.Error, UnicodeError):
        return tuple(column for column in columns if column not in LATER)
    return columns


def _typed(table: str, row: sqlite3.Row) -> dict[str, Any]:
    """A sound row, without what has another type than its column."""
    there = row.keys()
    found = {c: row[c] if c in there else LATER[c] for c in COLUMNS[table]}
    for column in ("head", "parent", "receipt", "writer"):
        if not isinstance(found.get(column), str | None):
            found[column] = None
    if not isinstance(found.get("thought", ""), str):
        found["thought"] = ""
    if table == "conversation":
        if not isinstance(found["deleted"], int | None):
            found["deleted"] = None
        if not isinstance(found["updated"], int):
            found["updated"] = found["created"]
    return found


def _is_sound(table: str, row: sqlite3.Row) -> bool:
    """Whether the columns have their types; a torn row has any."""
    texts = (
        ("id", "title", "system")
        if table == "conversation"
        else (*("id", "conversation", "role", "content", "status"),)
    )
    numbers = ("created", "turn") if table == "conversation" else ("created",)
    sound = all(isinstance(row[name], str) for name in texts)
    sound = sound and all(isinstance(row[name], int) for name in numbers)
    return sound and (table == "conversation" or row["role"] in ("user", "assistant"))


def _highest(source: sqlite3.Connection, table: str = "message") -> int:
    for query in (
        f"SELECT max(rowid) FROM {table}",
        f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'",
    ):
        with suppress(sqlite3.Error, UnicodeError):
            row = source.execute(query).fetchone()
            if row and isinstance(row[0], int):
                # A torn page may give any number.
                return min(row[0], 10_000_000)
    return 0


def _lost(message: dict[str, Any]) -> dict[str, Any]:
    """A conversation in place of one that cannot be read."""
    return {
        "id": message["conversation"],
        "title": "(recovered)",
        "system": "",
        "head": None,
        "created": message["created"],
        "updated": message["created"],
        "turn": 0,
        "deleted": None,
    }


def _insert_message(
    new: sqlite3.Connection, row: dict[str, Any], messages: dict[str, Any]
) -> bool:
    """Save one message; whether it is not what was stored."""
    try:
        damaged = bool(checksum(row) != row["checksum"])
    except (TypeError, ValueError):
        damaged = True
    parent = row["parent"] if row["parent"] in messages else None
    moved = parent != row["parent"]
    kept = {
        **row,
        "parent": parent,
        "token_ids": row["token_ids"] if isinstance(row["token_ids"], bytes) else b"",
        "receipt": None if damaged else row["receipt"],
        "writer": None if damaged else row["writer"],
    }
    if damaged:
        kept["status"] = "damaged"
    if damaged or moved:
        kept["checksum"] = checksum(kept)
    _insert(new, "message", kept)
    return damaged


def _insert(new: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    columns = ", ".join(row)
    values = ", ".join(f":{column}" for column in row)
    new.execute(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({values})", row)
