"""Conversations of other programs in the history, where that was asked for."""

from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import closing

from ..chat.recording import Recording, receipt_before
from ..engine import Engine, Event, Exchange, Finished, Request
from ..errors import HistoryError
from ..history import Store
from .replies import digests

# Conversations whose ends are known, so that they are continued.
REMEMBERED = 4096


class Log:
    """Keeps what is asked and replied; for the model's thread.

    A request that goes on from a reply of this server continues its conversation; any
    other begins one. What fails is reported and costs no reply.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._store: Store | None = None
        self._ends: OrderedDict[bytes, tuple[str, str]] = OrderedDict()

    def reply(
        self, engine: Engine, request: Request, cancelled: Callable[[], bool]
    ) -> Generator[Event]:
        """The events of a reply, which is kept meanwhile; see `Engine.reply`."""
        recording: Recording | None = None
        ids = ("", "")
        try:
            with closing(engine.reply(request, cancelled)) as events:
                for event in events:
                    if recording is None:
                        recording, ids = self._begin(engine, request)
                    if recording:
                        recording.take(event)
                    if isinstance(event, Finished) and event.reply.token_ids:
                        said = Exchange(request.content, event.reply.text)
                        self._remember(engine, request, said, ids)
                    yield event
        finally:
            if recording:
                recording.close()
                if recording.failure:
                    self._report(str(recording.failure))

    def close(self) -> None:
        """Close the history."""
        if self._store:
            self._store.close()

    def _begin(
        self, engine: Engine, request: Request
    ) -> tuple[Recording | None, tuple[str, str]]:
        """What writes the reply, and the ids of its conversation and of itself."""
        try:
            store = self._store = self._store or Store.open()
            conversation, parent = self._place(store, engine, request)
            question = store.add(conversation, "user", request.content, parent=parent)
            receipt = receipt_before(engine.model, request.settings.seeded())
            writer = store.begin_reply(
                conversation, parent=question.id, receipt=receipt
            )
            return Recording(writer, engine.model), (conversation, writer.id)
        except HistoryError as error:
            self._report(str(error))
            return None, ("", "")

    def _place(
        self, store: Store, engine: Engine, request: Request
    ) -> tuple[str, str | None]:
        """The conversation that goes on, and its last message."""
        keys = [key for key, _ in self._digests(engine, request)]
        if keys and (found := self._ends.get(keys[-1])):
            return found
        conversation = store.create(system=request.system).id
        parent: str | None = None
        for said in request.exchanges:
            asked = store.add(conversation, "user", said.content, parent=parent)
            reply = store.add(conversation, "assistant", said.reply, parent=asked.id)
            parent = reply.id
        return conversation, parent

    def _remember(
        self, engine: Engine, request: Request, said: Exchange, ids: tuple[str, str]
    ) -> None:
        *_, (key, _) = self._digests(engine, request, said)
        self._ends[key] = ids
        if len(self._ends) > REMEMBERED:
            self._ends.popitem(last=False)

    @staticmethod
    def _digests(
        engine: Engine, request: Request, *said: Exchange
    ) -> list[tuple[bytes, Exchange]]:
        exchanges = (*request.exchanges, *said)
        return list(digests(engine.model.name, request.system, exchanges))
