"""Finding what is in a history already, so that an import adds only what is new.

A message is known by what was said up to it: by role and text, its own and those of
all messages before it. A conversation is known by its origin, the program it comes
from and its id there, if it begins alike; by its id here, for an export of ours; or,
unless both have an id of another program, or both one of ours, by the millisecond it
began in, if one of the two then holds all of the other.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from .records import NewConversation
from .rows import storable

_CANDIDATES = """
    SELECT id, head, origin FROM conversation WHERE deleted IS NULL AND (
        origin = :origin OR id = :id OR (created = :created AND (
            :text OR origin IS NULL OR origin GLOB 'text:*'
            OR (origin GLOB 'genesis-chat:*') != :ours
        ) AND (:first IS NULL OR EXISTS (
            SELECT 1 FROM message AS m WHERE m.conversation = conversation.id
            AND m.content = :first AND m.deleted IS NULL
        )))
    ) ORDER BY turn
"""
_MESSAGES = """
    SELECT id, parent, role, content FROM message
    WHERE conversation = ? AND deleted IS NULL ORDER BY number
"""
OURS = "genesis-chat:"


@dataclass
class Merged:
    """What came of an import: counts, and the ids of what it changed.

    `added` conversations are new, `grown` ones got messages, `known` ones were there
    with all their messages; `messages` are those that are new.
    """

    added: int = 0
    grown: int = 0
    known: int = 0
    messages: int = 0
    changed: list[str] = field(default_factory=list)

    def add(self, other: "Merged") -> None:
        """Count another part of the same import in."""
        self.added += other.added
        self.grown += other.grown
        self.known += other.known
        self.messages += other.messages
        self.changed += other.changed


@dataclass(frozen=True)
class Known:
    """A conversation that is there: its messages' ids by what was said up to each."""

    id: str
    head: bytes | None
    messages: dict[bytes, str]


def said_up_to(new: NewConversation) -> list[bytes]:
    """For each message a digest of it and all before it."""
    found: list[bytes] = []
    for message in new.messages:
        before = b"" if message.parent is None else found[message.parent]
        found.append(_digest(before, message.role, storable(message.content)))
    return found


def origin_of(new: NewConversation, digests: Sequence[bytes]) -> str:
    """Where a conversation comes from; what it says, if it has no id there."""
    if new.origin is not None:
        return storable(new.origin)
    whole = hashlib.sha256(storable(new.system).encode())
    whole.update(b"".join(sorted(digests)))
    return f"text:{whole.hexdigest()}"


def find(
    connection: sqlite3.Connection, new: NewConversation, digests: Sequence[bytes]
) -> Known | None:
    """The conversation that this one is, the one with most of it if there are more.

    Raises `sqlite3.Error`.
    """
    origin = origin_of(new, digests)
    ours = origin.startswith(OURS)
    id = origin.removeprefix(OURS) if ours else ""
    # Of those that began together, only one that begins alike has anything in common.
    firsts = {storable(m.content) for m in new.messages if m.parent is None}
    values = {
        "first": min(firsts) if len(firsts) == 1 else None,
        "origin": origin,
        "id": id,
        "created": new.created if firsts else None,
        "text": new.origin is None,
        "ours": ours,
    }
    wanted = set(digests)
    best: tuple[int, Known] | None = None
    for row in connection.execute(_CANDIDATES, values).fetchall():
        known = _known(connection, row)
        here = known.messages.keys()
        common = len(wanted & here)
        if row["origin"] == origin or row["id"] == id:
            same = common > 0 or not wanted
        else:
            same = common > 0 and common in (len(wanted), len(here))
        if same and (best is None or common > best[0]):
            best = common, known
    return best[1] if best else None


def _known(connection: sqlite3.Connection, row: sqlite3.Row) -> Known:
    by_id: dict[str, bytes] = {}
    messages: dict[bytes, str] = {}
    for message in connection.execute(_MESSAGES, (row["id"],)):
        before = by_id.get(message["parent"], b"")
        digest = _digest(before, message["role"], message["content"])
        by_id[message["id"]] = digest
        messages.setdefault(digest, message["id"])
    return Known(row["id"], by_id.get(row["head"]), messages)


def _digest(before: bytes, role: str, content: str) -> bytes:
    data = content.encode()
    return hashlib.sha256(before + f"{role} {len(data)} ".encode() + data).digest()[:16]
