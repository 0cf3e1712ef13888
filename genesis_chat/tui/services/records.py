"""The history's part in a turn, which runs on another thread than the store."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from ...errors import HistoryError
from ...history import (
    Conversation,
    Receipt,
    ReplyWriter,
    Role,
    Status,
    Store,
    StoredMessage,
)
from .history import History

T = TypeVar("T")


class Records:
    """What a chat needs of a store; each call waits for the history's thread."""

    def __init__(self, history: History) -> None:
        self._history = history

    def ask(self, question: Callable[[Store], T]) -> T:
        """What the store answers. Raises `HistoryError`."""
        return self._history.submit(question).result()

    def create(self, *, title: str = "", system: str = "") -> Conversation:
        """See `Store.create`."""
        return self.ask(lambda s: s.create(title=title, system=system))

    def add(
        self,
        conversation: str,
        role: Role,
        content: str,
        *,
        parent: str | None,
        draft: str | None = None,
    ) -> StoredMessage:
        """See `Store.add`."""
        return self.ask(
            lambda s: s.add(conversation, role, content, parent=parent, draft=draft)
        )

    def message(self, id: str) -> StoredMessage:
        """See `Store.message`."""
        return self.ask(lambda s: s.message(id))

    def messages(self, conversation: str) -> list[StoredMessage]:
        """See `Store.messages`."""
        return self.ask(lambda s: s.messages(conversation))

    def branch(self, conversation: str, leaf: str | None = None) -> list[StoredMessage]:
        """See `Store.branch`."""
        return self.ask(lambda s: s.branch(conversation, leaf))

    def latest_leaf(self, conversation: str, message: str) -> str:
        """See `Store.latest_leaf`."""
        return self.ask(lambda s: s.latest_leaf(conversation, message))

    def select(self, conversation: str, message: str) -> None:
        """See `Store.select`."""
        self.ask(lambda s: s.select(conversation, message))

    def fork(self, conversation: str, leaf: str) -> Conversation:
        """See `Store.fork`."""
        return self.ask(lambda s: s.fork(conversation, leaf))

    def begin_reply(
        self, conversation: str, *, parent: str, receipt: Receipt | None = None
    ) -> "ReplyRecord":
        """See `Store.begin_reply`."""
        return ReplyRecord(
            self._history,
            self.ask(
                lambda s: s.begin_reply(conversation, parent=parent, receipt=receipt)
            ),
        )

    def resume_reply(self, message: str, receipt: Receipt | None) -> "ReplyRecord":
        """See `Store.resume_reply`."""
        writer = self.ask(lambda s: s.resume_reply(message, receipt))
        return ReplyRecord(self._history, writer)


class ReplyRecord:
    """Appends to a reply without waiting: the model goes on while the disk works.

    What failed is raised by the next call.
    """

    def __init__(self, history: History, writer: ReplyWriter) -> None:
        self._history, self._writer = history, writer
        self._last: Future[None] | None = None
        self._failure: HistoryError | None = None
        self.id = writer.id

    def append(self, text: str, token_ids: tuple[int, ...] = ()) -> None:
        """See `ReplyWriter.append`."""
        self._put(lambda: self._writer.append(text, token_ids))

    def think(self, text: str, token_ids: tuple[int, ...] = ()) -> None:
        """See `ReplyWriter.think`."""
        self._put(lambda: self._writer.think(text, token_ids))

    def keep_up(self) -> None:
        """See `ReplyWriter.keep_up`."""
        # Asked for all the time; while something is on its way it keeps up by that.
        if self._last is None or self._last.done():
            self._put(self._writer.keep_up)

    def finish(
        self,
        status: Status,
        receipt: Receipt | None = None,
        token_ids: tuple[int, ...] | None = None,
    ) -> None:
        """See `ReplyWriter.finish`; the reply is on the disk when it returns."""
        self._put(lambda: self._writer.finish(status, receipt, token_ids))
        assert self._last
        self._last.result()
        self._raise()

    def _put(self, write: Callable[[], None]) -> None:
        self._raise()

        def job(store: Store) -> None:
            try:
                if self._failure is None:
                    write()
            except HistoryError as error:
                self._failure = error

        self._last = self._history.submit(job)

    def _raise(self) -> None:
        if self._failure:
            raise self._failure
