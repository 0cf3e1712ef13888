"""Conversations of other programs in the history, where that was asked for."""

from collections import OrderedDict
from collections.abc import Callable

from ..chat.recording import Recording, receipt_before
from ..engine import Event, Exchange, Finished, ModelFacts, Request
from ..errors import HistoryError
from ..history import Store
from .flattened import flattened, flattened_reply
from .replies import digests

# Conversations whose ends are known, so that they are continued.
REMEMBERED = 4096


class Log:
    """Keeps what is asked and replied; for the model's thread.

    A request that goes on from a reply of this server continues its conversation; any
    other begins one. What fails is reported and costs no reply.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        self.report = report
        self._store: Store | None = None
        self._ends: OrderedDict[bytes, tuple[str, str]] = OrderedDict()

    def keep(self, model: ModelFacts, request: Request) -> "Kept":
        """Begin to keep a reply to a request."""
        return Kept(self, model, request)

    def close(self) -> None:
        """Close the history."""
        if self._store:
            self._store.close()

    def begin(
        self, model: ModelFacts, request: Request
    ) -> tuple[Recording | None, tuple[str, str]]:
        """What writes the reply, and the ids of its conversation and of itself."""
        try:
            store = self._store = self._store or Store.open()
            conversation, parent = self._place(store, model, request)
            question = store.add(conversation, "user", request.content, parent=parent)
            receipt = receipt_before(model, request.settings.seeded())
            writer = store.begin_reply(
                conversation, parent=question.id, receipt=receipt
            )
            return Recording(writer, model), (conversation, writer.id)
        except HistoryError as error:
            self.report(str(error))
            return None, ("", "")

    def _place(
        self, store: Store, model: ModelFacts, request: Request
    ) -> tuple[str, str | None]:
        """The conversation that goes on, and its last message."""
        keys = [key for key, _ in self._digests(model, request)]
        if keys and (found := self._ends.get(keys[-1])):
            return found
        conversation = store.create(system=request.system).id
        parent: str | None = None
        for said in request.exchanges:
            asked = store.add(conversation, "user", said.content, parent=parent)
            reply = store.add(conversation, "assistant", said.reply, parent=asked.id)
            parent = reply.id
        return conversation, parent

    def remember(
        self, model: ModelFacts, request: Request, said: Exchange, ids: tuple[str, str]
    ) -> None:
        """That a conversation's end has these ids."""
        *_, (key, _) = self._digests(model, request, said)
        self._ends[key] = ids
        if len(self._ends) > REMEMBERED:
            self._ends.popitem(last=False)

    @staticmethod
    def _digests(
        model: ModelFacts, request: Request, *said: Exchange
    ) -> list[tuple[bytes, Exchange]]:
        exchanges = (*request.exchanges, *said)
        return list(digests(model.name, request.system, exchanges))


class Kept:
    """A reply that is kept while it comes."""

    def __init__(self, log: Log, model: ModelFacts, request: Request) -> None:
        self._log, self._model, self._asked = log, model, request
        self._request = flattened(request)
        self._recording: Recording | None = None
        self._ids: tuple[str, str] | None = None

    def take(self, event: Event) -> None:
        """Keep what an event tells."""
        if self._ids is None:
            self._recording, self._ids = self._log.begin(self._model, self._request)
        if self._recording:
            self._recording.take(event)
        if isinstance(event, Finished) and event.reply.token_ids:
            text = flattened_reply(self._model, self._asked, event.reply.text)
            said = Exchange(self._request.content, text)
            self._log.remember(self._model, self._request, said, self._ids)

    def close(self) -> None:
        """Nothing more comes."""
        if self._recording:
            self._recording.close()
            if self._recording.failure:
                self._log.report(str(self._recording.failure))
            self._recording = None
