"""Checksums of rows: SQLite's own checks miss one changed text in twelve."""

import hashlib
import json
import sqlite3
import struct
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .records import Receipt

MESSAGE = (
    *("id", "conversation", "parent", "role", "content", "status"),
    *("created", "token_ids", "receipt"),
)
CONVERSATION = ("id", "title", "system", "head", "created", "deleted")


def checksum(
    row: Mapping[str, Any] | sqlite3.Row, columns: tuple[str, ...] = MESSAGE
) -> bytes:
    """16 bytes over everything a message's row says, or a conversation's.

    A thought counts where there is one: older rows were summed without.
    """
    digest = hashlib.sha256()
    if columns is MESSAGE and row["thought"]:
        columns = (*MESSAGE, "thought")
    for column in columns:
        value = row[column]
        data = value if isinstance(value, bytes) else str(value).encode()
        kind = type(value).__name__
        digest.update(f"{kind} {len(data)} ".encode() + data)
    return digest.digest()[:16]


def pack_ids(ids: tuple[int, ...]) -> bytes:
    """Token ids as little-endian 32-bit integers."""
    return struct.pack(f"<{len(ids)}I", *ids)


def unpack_ids(data: bytes) -> tuple[int, ...]:
    """What `pack_ids` packed."""
    return struct.unpack(f"<{len(data) // 4}I", data)


def pack_receipt(receipt: Receipt | None) -> str | None:
    """A receipt as JSON."""
    return None if receipt is None else json.dumps(asdict(receipt))


def unpack_receipt(text: str | None) -> Receipt | None:
    """What `pack_receipt` packed."""
    return None if text is None else Receipt(**json.loads(text))
