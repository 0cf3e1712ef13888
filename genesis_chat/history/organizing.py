"""Changing what stands around the messages of a history: titles, pins, the trash."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import HistoryError
from . import index
from .checksums import CONVERSATION, checksum
from .connection import transaction
from .reading import Reader
from .records import StoredMessage
from .rows import DRAFTED_IN, now, storable, title_of


class Organizer(Reader):
    """Puts a history in order; every method is one transaction."""

    def select(self, conversation: str, message: str) -> None:
        """Show the branch that ends with a message."""
        with transaction(self._connection):
            self._check_parent(conversation, message)
            self._moved(conversation, message)

    def rename(self, conversation: str, title: str) -> None:
        """Give a conversation another title."""
        with transaction(self._connection):
            self._change(conversation, title=storable(title))

    def set_system(self, conversation: str, system: str) -> None:
        """Give a conversation another system prompt."""
        with transaction(self._connection):
            self._change(conversation, system=storable(system))

    def set_settings(self, conversation: str, settings: dict[str, Any]) -> None:
        """Keep the sampling settings that are not the defaults."""
        with transaction(self._connection):
            self._change(conversation, settings=json.dumps(settings))

    def pin(self, conversation: str, pinned: bool) -> None:
        """Keep a conversation above the others, or no longer."""
        with transaction(self._connection):
            self._change(conversation, pinned=int(pinned))

    def set_draft(self, text: str, conversation: str = "") -> None:
        """Keep what was begun to be written; see `draft`."""
        self.set_drafts({conversation: text})

    def set_drafts(self, texts: Mapping[str, str]) -> None:
        """Keep several by their places, all or none."""
        rows = [(place, storable(text)) for place, text in texts.items()]
        with transaction(self._connection):
            self._connection.executemany(
                "INSERT INTO draft (place, text) VALUES (?, ?) "
                "ON CONFLICT (place) DO UPDATE SET text = excluded.text",
                rows,
            )
            self._connection.execute("DELETE FROM draft WHERE text = ''")

    def delete_message(self, message: str) -> list[str]:
        """Take a message and all that follows it out; the ids, to restore them.

        The branch that is shown then ends with what came before.
        """
        with transaction(self._connection):
            found = self.message(message)
            query = """
                WITH RECURSIVE down (id) AS (
                    SELECT id FROM message WHERE id = ? AND deleted IS NULL
                    UNION ALL
                    SELECT m.id FROM message AS m JOIN down ON m.parent = down.id
                    WHERE m.deleted IS NULL
                )
                SELECT id FROM down
            """
            ids = [row["id"] for row in self._connection.execute(query, (message,))]
            self._mark_deleted(ids, now())
            if self._conversation(found.conversation).head in ids:
                self._change(found.conversation, head=self._before(found))
        return ids

    def restore_messages(self, messages: Sequence[str]) -> None:
        """Bring deleted messages back; the branch with the first one is shown."""
        with transaction(self._connection):
            self._mark_deleted(messages, None)
            conversation = self.message(messages[0]).conversation
            leaf = self.latest_leaf(conversation, messages[0])
            self._change(conversation, head=leaf)

    def delete(self, conversation: str) -> None:
        """Put a conversation into the trash."""
        with transaction(self._connection):
            self._change(conversation, deleted=now())

    def restore(self, conversation: str) -> None:
        """Take a conversation out of the trash."""
        with transaction(self._connection):
            self._change(conversation, deleted=None)

    def purge(self, before: int) -> int:
        """Delete for good what went to the trash before a time; how many.

        What was begun to be written there goes with it.
        """
        with transaction(self._connection):
            self._connection.execute(
                f"DELETE FROM draft WHERE {DRAFTED_IN} IN "
                "(SELECT id FROM conversation WHERE deleted < ?)",
                (before,),
            )
            query = "DELETE FROM conversation WHERE deleted < ?"
            count = self._connection.execute(query, (before,)).rowcount
            # Anew, because the index would keep the words of what was taken out.
            index.rebuild(self._connection)
        return count

    def _change(self, conversation: str, **values: object) -> None:
        """Change a conversation's row, in a transaction."""
        query = "SELECT * FROM conversation WHERE id = ?"
        found = self._connection.execute(query, (conversation,)).fetchone()
        if found is None:
            raise HistoryError(f"There is no conversation {conversation}.")
        row = {**found, **values}
        # A changed row must stay one that fails its checksum.
        if checksum(found, CONVERSATION) == found["checksum"]:
            row["checksum"] = checksum(row, CONVERSATION)
        self._connection.execute(
            "UPDATE conversation SET title = :title, system = :system, head = :head, "
            "updated = :updated, turn = :turn, deleted = :deleted, pinned = :pinned, "
            "settings = :settings, checksum = :checksum WHERE id = :id",
            row,
        )

    def _mark_deleted(self, messages: Sequence[str], when: int | None) -> None:
        self._connection.executemany(
            "UPDATE message SET deleted = ? WHERE id = ?",
            [(when, message) for message in messages],
        )

    def _before(self, message: StoredMessage) -> str | None:
        """Where the branch goes on without a message: by a sibling, or nowhere."""
        if message.parent is not None:
            return self.latest_leaf(message.conversation, message.parent)
        left = self.messages(message.conversation)
        return self.latest_leaf(message.conversation, left[0].id) if left else None

    def _moved(self, conversation: str, head: str, first: str = "") -> None:
        """A conversation got a new head; its first message names it."""
        query = "SELECT max(turn) + 1 FROM conversation"
        (turn,) = self._connection.execute(query).fetchone()
        changes: dict[str, object] = {"head": head, "updated": now(), "turn": turn}
        if first and not self._conversation(conversation).title:
            changes["title"] = storable(title_of(first))
        self._change(conversation, **changes)

    def _check_parent(self, conversation: str, parent: str | None) -> None:
        self._conversation(conversation)
        query = "SELECT 1 FROM message WHERE id = ? AND conversation = ?"
        found = self._connection.execute(query, (parent, conversation)).fetchone()
        if parent is not None and not found:
            raise HistoryError(
                f"{parent} is no message of conversation {conversation}."
            )
