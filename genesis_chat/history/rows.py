"""Rows of the history file as records, and records as rows."""

import json
import re
import sqlite3
import struct
import time
from collections.abc import Callable
from typing import Any

from . import index
from .checksums import checksum, pack_ids, pack_receipt, unpack_ids, unpack_receipt
from .records import Conversation, Receipt, Role, Status, StoredMessage

CONVERSATIONS = """
    SELECT c.*, (
        SELECT count(*) FROM message WHERE conversation = c.id AND deleted IS NULL
    ) AS messages
    FROM conversation AS c
"""
# The conversation that a draft belongs to: its place may go on with "#" and a word.
DRAFTED_IN = "substr(place, 1, instr(place || '#', '#') - 1)"
TITLE_LENGTH = 60
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def new_id() -> str:
    """An id that sorts by time (ULID)."""
    from ulid import ULID

    return str(ULID())


def now() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def storable(text: str) -> str:
    """The text without what SQLite or UTF-8 cannot hold: NUL and lone surrogates."""
    return _UNSTORABLE.sub("\ufffd", text)


def title_of(text: str) -> str:
    """A title from a message: its first words."""
    line = " ".join(text.split())
    if len(line) <= TITLE_LENGTH:
        return line
    return line[:TITLE_LENGTH].rsplit(" ", 1)[0] + "…"


def to_conversation(row: sqlite3.Row) -> Conversation:
    """A row of `CONVERSATIONS` as a record."""
    return Conversation(
        id=row["id"],
        title=row["title"],
        system=row["system"],
        head=row["head"],
        created=row["created"],
        updated=row["updated"],
        deleted=row["deleted"],
        messages=row["messages"],
        pinned=bool(row["pinned"]),
        settings=_or(lambda: dict(json.loads(row["settings"])), {}),
    )


def to_message(row: sqlite3.Row) -> StoredMessage:
    """A message row as a record; what fails its checksum is "damaged"."""
    damaged = checksum(row) != row["checksum"]
    return StoredMessage(
        id=row["id"],
        conversation=row["conversation"],
        parent=row["parent"],
        role=row["role"],
        content=row["content"],
        status="damaged" if damaged else row["status"],
        created=row["created"],
        token_ids=_or(lambda: unpack_ids(row["token_ids"]), ()),
        receipt=_or(lambda: unpack_receipt(row["receipt"]), None),
        thought=row["thought"],
    )


def message_row(
    conversation: str,
    role: Role,
    content: str,
    parent: str | None,
    *,
    status: Status = "complete",
    created: int | None = None,
    token_ids: tuple[int, ...] = (),
    receipt: Receipt | None = None,
    thought: str = "",
    writer: str | None = None,
) -> dict[str, Any]:
    """A new message's columns, its checksum included."""
    row: dict[str, Any] = {
        "id": new_id(),
        "conversation": conversation,
        "parent": parent,
        "role": role,
        "content": storable(content),
        "status": status,
        "created": now() if created is None else created,
        "token_ids": pack_ids(token_ids),
        "receipt": pack_receipt(receipt),
        "thought": storable(thought),
        "writer": writer,
    }
    return {**row, "checksum": checksum(row)}


def insert_message(connection: sqlite3.Connection, row: dict[str, Any]) -> int:
    """Add a message and index it, in a transaction; its number."""
    cursor = connection.execute(
        f"INSERT INTO message ({', '.join(row)}) VALUES "
        f"({', '.join(f':{column}' for column in row)})",
        row,
    )
    number = cursor.lastrowid
    assert number is not None
    index.add(connection, number, row["content"])
    return number


def _or(read: Callable[[], Any], otherwise: Any) -> Any:
    try:
        return read()
    except (ValueError, TypeError, struct.error):
        return otherwise
