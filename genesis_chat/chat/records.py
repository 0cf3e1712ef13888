"""What a chat needs of the history, which may be on another thread."""

from collections.abc import Sequence
from typing import Protocol

from ..history import Conversation, Receipt, Role, Status, StoredMessage


class ReplyRecord(Protocol):
    """A reply that is being written; see `history.ReplyWriter`."""

    @property
    def id(self) -> str:
        """The reply's message id."""

    def append(self, text: str, token_ids: tuple[int, ...] = ()) -> None:
        """Add text and the tokens it was generated as."""

    def think(self, text: str, token_ids: tuple[int, ...] = ()) -> None:
        """Add to the thought before the reply."""

    def keep_up(self) -> None:
        """Commit what has waited its moment."""

    def finish(
        self,
        status: Status,
        receipt: Receipt | None = None,
        token_ids: tuple[int, ...] | None = None,
    ) -> None:
        """Commit the whole reply."""


class Records(Protocol):
    """An open history; see `history.Store`. All methods raise `HistoryError`."""

    def create(self, *, title: str = "", system: str = "") -> Conversation:
        """Begin a conversation."""

    def add(
        self,
        conversation: str,
        role: Role,
        content: str,
        *,
        parent: str | None,
        draft: str | None = None,
    ) -> StoredMessage:
        """Add a message."""

    def message(self, id: str) -> StoredMessage:
        """The message with an id."""

    def messages(self, conversation: str) -> Sequence[StoredMessage]:
        """All messages of a conversation."""

    def branch(
        self, conversation: str, leaf: str | None = None
    ) -> Sequence[StoredMessage]:
        """The messages from the first one to a leaf."""

    def latest_leaf(self, conversation: str, message: str) -> str:
        """The end of the latest branch that a message is in."""

    def select(self, conversation: str, message: str) -> None:
        """Go on from a branch."""

    def fork(self, conversation: str, leaf: str) -> Conversation:
        """Copy a branch into a new conversation."""

    def begin_reply(
        self, conversation: str, *, parent: str, receipt: Receipt | None = None
    ) -> ReplyRecord:
        """Add an empty reply."""

    def resume_reply(self, message: str, receipt: Receipt | None) -> ReplyRecord:
        """Go on with a reply that was cut short."""
