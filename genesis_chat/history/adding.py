"""Adding whole conversations to a history."""

from collections.abc import Collection, Iterable, Sequence

from . import merging
from .checksums import CONVERSATION, checksum
from .connection import transaction
from .merging import Known, Merged
from .organizing import Organizer
from .records import Conversation, NewConversation
from .rows import insert_message, message_row, new_id, now, storable, title_of


class Adder(Organizer):
    """Takes conversations in; every method is one transaction."""

    def insert(self, conversations: Sequence[NewConversation]) -> list[Conversation]:
        """Add whole conversations, all or none."""
        ids = []
        with transaction(self._connection):
            for new in conversations:
                ids.append(self._insert(new))
        return [self._conversation(id) for id in ids]

    def merge(
        self, conversations: Iterable[NewConversation], *, again: bool = False
    ) -> Merged:
        """Add what is not there already, all or none; see `merging`.

        A conversation that has grown gets the messages that are new, where they
        belong; its end is shown unless it was gone on with here. With `again`
        everything is added.
        """
        merged = Merged()
        with transaction(self._connection):
            for new in conversations:
                digests = merging.said_up_to(new)
                known = None
                if not again:
                    known = merging.find(self._connection, new, digests)
                if known is None:
                    origin = merging.origin_of(new, digests)
                    id = self._insert(new, origin)
                    merged.added += 1
                    merged.messages += len(new.messages)
                elif count := self._grow(known, new, digests):
                    id = known.id
                    merged.grown += 1
                    merged.messages += count
                else:
                    merged.known += 1
                    continue
                merged.changed.append(id)
        return merged

    def order(self, changed: Collection[str]) -> None:
        """Put conversations among the others by when they were changed last.

        The others stay as they are among themselves: a clock may have been wrong.
        """
        query = "SELECT id, updated FROM conversation ORDER BY turn"
        with transaction(self._connection):
            rows = self._connection.execute(query).fetchall()
            moved = sorted(
                (row for row in rows if row["id"] in changed),
                key=lambda row: row["updated"],
                reverse=True,
            )
            ids: list[str] = []
            for row in rows:
                if row["id"] not in changed:
                    while moved and moved[-1]["updated"] < row["updated"]:
                        ids.append(moved.pop()["id"])
                    ids.append(row["id"])
            ids += [row["id"] for row in reversed(moved)]
            self._connection.executemany(
                "UPDATE conversation SET turn = ? WHERE id = ?", enumerate(ids, 1)
            )

    def _create(
        self,
        title: str,
        system: str,
        created: int,
        updated: int | None = None,
        origin: str | None = None,
    ) -> str:
        row = {
            "id": new_id(),
            "title": storable(title),
            "system": storable(system),
            "head": None,
            "created": created,
            "deleted": None,
        }
        others = {
            "updated": created if updated is None else updated,
            "origin": origin,
            "checksum": checksum(row, CONVERSATION),
        }
        self._connection.execute(
            "INSERT INTO conversation "
            "(id, title, system, created, updated, origin, turn, checksum) "
            "VALUES (:id, :title, :system, :created, :updated, :origin, "
            "(SELECT ifnull(max(turn), 0) + 1 FROM conversation), :checksum)",
            {**row, **others},
        )
        return str(row["id"])

    def _insert(self, new: NewConversation, origin: str | None = None) -> str:
        created = now() if new.created is None else new.created
        first = next((m.content for m in new.messages), "")
        title = new.title or title_of(first)
        id = self._create(title, new.system, created, new.updated, origin)
        ids = self._insert_messages(id, new, {}, range(len(new.messages)))
        head = ids[len(ids) - 1 if new.head is None else new.head] if ids else None
        self._change(id, head=head)
        return id

    def _grow(
        self, known: Known, new: NewConversation, digests: Sequence[bytes]
    ) -> int:
        """Add the messages that are new; how many there were."""
        ids = {
            number: known.messages[digest]
            for number, digest in enumerate(digests)
            if digest in known.messages
        }
        missing = [n for n in range(len(digests)) if n not in ids]
        if not missing:
            return 0
        ids = self._insert_messages(known.id, new, ids, missing)
        changes: dict[str, object] = {}
        if known.head is None or known.head in digests:
            changes["head"] = ids[len(digests) - 1 if new.head is None else new.head]
        query = "SELECT max(turn) + 1 FROM conversation"
        (changes["turn"],) = self._connection.execute(query).fetchone()
        # It may have been gone on with here since.
        here = self._conversation(known.id).updated
        changes["updated"] = max(here, now() if new.updated is None else new.updated)
        self._change(known.id, **changes)
        return len(missing)

    def _insert_messages(
        self,
        conversation: str,
        new: NewConversation,
        ids: dict[int, str],
        numbers: Iterable[int],
    ) -> dict[int, str]:
        """Add some messages, given the ids of others; the ids of all."""
        found = dict(ids)
        for number in numbers:
            message = new.messages[number]
            row = message_row(
                conversation,
                message.role,
                message.content,
                None if message.parent is None else found[message.parent],
                status=message.status,
                created=message.created,
                token_ids=message.token_ids,
                receipt=message.receipt,
                thought=message.thought,
            )
            insert_message(self._connection, row)
            found[number] = row["id"]
        return found
