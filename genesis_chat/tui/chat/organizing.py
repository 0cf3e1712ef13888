"""Doing something with the chat that is open, as with others in the list."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from ...history import Store
from ..chat_list.organizer import Organizer, export_target
from ..chat_list.pane import ChatList
from .pane import ChatPane


class Deleted(NamedTuple):
    """Messages of a conversation that were deleted; all of it without any."""

    conversation: str
    messages: Sequence[str]
    private: bool


class Organizing:
    """Renames, pins, exports and deletes the open chat; imports others.

    Args:
        pane: the open chat.
        chats: the list of chats.
    """

    def __init__(self, pane: ChatPane, chats: ChatList) -> None:
        self._pane, self._chats = pane, chats
        self._deleted: Deleted | None = None

    @property
    def handlers(self) -> Mapping[str, Callable[[str], Awaitable[bool]]]:
        """What does commands with something after them, by the ids of actions."""
        return {
            "chat.export": self._export,
            "chat.import": self._import,
            "chat.rename": self._rename,
        }

    def rename(self) -> None:
        """Ask for another title."""
        if self._begun():
            self._chats.run_worker(self._organizer.rename(self._pane.chat.id))

    async def pin(self) -> None:
        """Keep it above the others, or no longer."""
        if self._pane.chat.private:
            self._pane.parts.tell("A private chat has no place in the list.")
        elif self._begun():
            await self._organizer.pin(self._pane.chat.id)

    def export(self) -> None:
        """Ask for a file to write it to."""
        if self._begun():
            self._chats.run_worker(self._organizer.export(self._pane.chat.id))

    async def delete(self) -> None:
        """Put it into the trash; one that has not begun is left."""
        if self._pane.chat.id:
            await self._organizer.trash(self._pane.chat.id)
        else:
            await self._pane.open()

    def deleted(self, conversation: str, messages: Sequence[str] = ()) -> None:
        """Messages were deleted of the open chat; without any, a chat was."""
        private = bool(messages) and self._pane.chat.private
        self._deleted = Deleted(conversation, messages, private)

    async def undo_delete(self) -> None:
        """Restore what was deleted last, and show it."""
        last, self._deleted = self._deleted, None
        # A private chat takes what was deleted in it along.
        if last is None or (last.private and last.conversation != self._pane.chat.id):
            self._pane.parts.tell("Nothing to undo.")
            return
        conversation, messages, private = last
        keeping = self._pane.keeping

        def bring_back(store: Store) -> None:
            if messages:
                store.restore_messages(messages)
            else:
                store.restore(conversation)

        await (keeping.now if private else keeping.kept).ask(bring_back)
        await self._pane.open(conversation, private=private)
        self._chats.reload()

    @property
    def _organizer(self) -> Organizer:
        pane = self._pane
        if pane.chat.private:
            return Organizer(pane, pane.parts.ask, pane.replies.is_replying_in)
        return self._chats.organizer

    async def _export(self, rest: str) -> bool:
        if not self._begun():
            return False
        export_target(rest)
        self._chats.run_worker(self._organizer.export(self._pane.chat.id, rest))
        return True

    async def _import(self, rest: str) -> bool:
        self._chats.run_worker(self._organizer.import_chats(rest))
        return True

    async def _rename(self, rest: str) -> bool:
        return self._begun() and await self._organizer.set_title(
            self._pane.chat.id, rest
        )

    def _begun(self) -> bool:
        if not self._pane.chat.id:
            self._pane.parts.tell("Send a message first.")
        return bool(self._pane.chat.id)
