"""Looking things up in the history."""

import reprlib
import sqlite3
from pathlib import Path

from ..errors import HistoryError
from .query import Query
from .records import Conversation, Hit, StoredMessage
from .rows import CONVERSATIONS, DRAFTED_IN, storable, to_conversation, to_message

SHORTEST_PREFIX = 4
SNIPPET_BEFORE, SNIPPET_AFTER = 24, 72
LONGEST_SNIPPET = 400


class Reader:
    """What can be asked of an open history. Methods raise `HistoryError`."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def conversations(
        self, *, deleted: bool = False, limit: int | None = None
    ) -> list[Conversation]:
        """Conversations, the last one changed first; or those in the trash."""
        test = "IS NOT NULL" if deleted else "IS NULL"
        rows = self._all(
            f"{CONVERSATIONS} WHERE deleted {test} ORDER BY turn DESC LIMIT ?",
            -1 if limit is None else limit,
        )
        return [to_conversation(row) for row in rows]

    def find(self, prefix: str, *, deleted: bool = False) -> Conversation:
        """The conversation whose id begins so; at least four characters."""
        if len(prefix) < SHORTEST_PREFIX or not prefix.isalnum():
            raise HistoryError(
                f"Id {reprlib.repr(prefix)} is too short or not an id: give at least "
                f"{SHORTEST_PREFIX} characters (see `genesis-chat history list`)."
            )
        test = "IS NOT NULL" if deleted else "IS NULL"
        rows = self._all(
            f"{CONVERSATIONS} WHERE deleted {test} AND substr(id, 1, ?) = ? LIMIT 2",
            len(prefix),
            prefix.upper(),
        )
        if not rows:
            where = " in the trash" if deleted else ""
            shown = " --deleted" if deleted else ""
            raise HistoryError(
                f"No conversation id{where} starts with {reprlib.repr(prefix)} (see "
                f"`genesis-chat history list{shown}`)."
            )
        if len(rows) > 1:
            raise HistoryError(
                f"Several conversation ids start with {prefix!r}; give more characters."
            )
        return to_conversation(rows[0])

    def latest(self) -> Conversation | None:
        """The conversation that was changed last."""
        return next(iter(self.conversations(limit=1)), None)

    def message(self, id: str) -> StoredMessage:
        """One message."""
        rows = self._all("SELECT * FROM message WHERE id = ?", id)
        if not rows:
            raise HistoryError(f"There is no message {id}.")
        return to_message(rows[0])

    def messages(self, conversation: str) -> list[StoredMessage]:
        """The whole tree, every message after its parent."""
        query = (
            "SELECT * FROM message WHERE conversation = ? AND deleted IS NULL "
            "ORDER BY number"
        )
        return [to_message(row) for row in self._all(query, conversation)]

    def branch(self, conversation: str, leaf: str | None = None) -> list[StoredMessage]:
        """The messages from the first one to `leaf`, by default the head."""
        leaf = leaf or self._conversation(conversation).head
        query = """
            WITH RECURSIVE up (number, parent) AS (
                SELECT number, parent FROM message WHERE id = ? AND conversation = ?
                UNION ALL
                SELECT m.number, m.parent FROM message AS m JOIN up ON m.id = up.parent
            )
            SELECT * FROM message WHERE number IN (SELECT number FROM up)
            ORDER BY number
        """
        return [to_message(row) for row in self._all(query, leaf, conversation)]

    def latest_leaf(self, conversation: str, message: str) -> str:
        """Where the newest branch through a message ends."""
        query = """
            WITH RECURSIVE down (id, depth) AS (
                SELECT id, 0 FROM message WHERE id = ? AND conversation = ?
                UNION ALL
                SELECT (
                    SELECT id FROM message
                    WHERE parent = down.id AND deleted IS NULL
                    ORDER BY number DESC LIMIT 1
                ), depth + 1
                FROM down WHERE down.id IS NOT NULL
            )
            SELECT id FROM down WHERE id IS NOT NULL ORDER BY depth DESC LIMIT 1
        """
        rows = self._all(query, message, conversation)
        if not rows:
            raise HistoryError(f"There is no message {message} in this conversation.")
        return str(rows[0]["id"])

    def titled(self, text: str, limit: int = 20) -> list[Conversation]:
        """Conversations whose title holds every word, the last one changed first."""
        words = storable(text).casefold().split()
        found = [
            each
            for each in self.conversations()
            if all(word in each.title.casefold() for word in words)
        ]
        return found[:limit]

    def search(self, text: str, *, limit: int = 20, prefix: bool = False) -> list[Hit]:
        """Messages that hold every word of the text, the best matches first.

        In scripts without spaces, and of signs such as `€`, `->` or an emoji, a word
        may stand anywhere, the last message first where there are only such.

        With `prefix` the last word may be the beginning of one, as while it is typed.
        """
        query = Query.of(storable(text), prefix)
        if not query.words:
            return self._holding(query, limit)
        # A part that the index leaves out is looked for in what the words found.
        test = f"AND {query.holds_parts}" if query.parts else ""
        rows = self._all(
            f"""
            SELECT m.*, snippet(message_text, 0, '', '', ' … ', 16) AS snippet
            FROM message_text JOIN message AS m ON m.number = message_text.rowid
            JOIN conversation AS c ON c.id = m.conversation
            WHERE message_text MATCH ? AND c.deleted IS NULL AND m.deleted IS NULL
            {test} ORDER BY bm25(message_text), m.number DESC LIMIT ?
            """,
            query.words,
            *query.parts,
            limit,
        )
        return [
            Hit(
                self._conversation(row["conversation"]),
                to_message(row),
                # The index takes a picture's thousands of letters for one word.
                row["snippet"]
                if len(row["snippet"]) <= LONGEST_SNIPPET
                else _around(row["snippet"], query.first),
            )
            for row in rows
        ]

    def _holding(self, query: Query, limit: int) -> list[Hit]:
        """Messages that hold every part, anywhere, the last one first."""
        rows = self._all(
            f"""
            SELECT m.* FROM message AS m JOIN conversation AS c ON c.id = m.conversation
            WHERE {query.holds_parts} AND c.deleted IS NULL AND m.deleted IS NULL
            ORDER BY m.number DESC LIMIT ?
            """,
            *query.parts,
            limit,
        )
        return [
            Hit(
                self._conversation(message.conversation),
                message,
                _around(message.content, query.first),
            )
            for message in map(to_message, rows)
        ]

    def questions(self, limit: int = 200) -> list[str]:
        """What was asked lately, the last first, each once."""
        rows = self._all(
            "SELECT content FROM message WHERE role = 'user' AND deleted IS NULL "
            "GROUP BY content ORDER BY max(number) DESC LIMIT ?",
            limit,
        )
        return [row["content"] for row in rows]

    def draft(self, conversation: str = "") -> str:
        """What was begun to be written; without an id, in a new conversation."""
        rows = self._all("SELECT text FROM draft WHERE place = ?", conversation)
        return str(rows[0]["text"]) if rows else ""

    def drafts_beside(self) -> list[tuple[str, str, str | None]]:
        """Drafts that are not in the place of a conversation or of a new one.

        Each with its place and the id of the conversation that it is for, None where
        that was deleted for good or none has it.
        """
        rows = self._all(
            "SELECT place, text, c.id AS conversation FROM draft LEFT JOIN "
            f"conversation AS c ON c.id = {DRAFTED_IN} WHERE place != '' AND "
            "(c.id IS NULL OR place != c.id) ORDER BY place"
        )
        return [tuple(row) for row in rows]

    def _all(self, query: str, *values: object) -> list[sqlite3.Row]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise unreadable(self.path, error) from error

    def _conversation(self, id: str) -> Conversation:
        rows = self._all(f"{CONVERSATIONS} WHERE id = ?", id)
        if not rows:
            raise HistoryError(f"There is no conversation {id}.")
        return to_conversation(rows[0])


def _around(text: str, part: str) -> str:
    """The text around the first place of a part, or its beginning."""
    at = max(0, text.lower().find(part.lower()) - SNIPPET_BEFORE)
    return text[at : at + SNIPPET_BEFORE + SNIPPET_AFTER]


def unreadable(path: Path, error: Exception) -> HistoryError:
    """A sentence about a history that cannot be read."""
    reason = getattr(error, "strerror", None) or error
    return HistoryError(
        f"The history {path} cannot be read: {reason}. Run `genesis-chat doctor`."
    )
