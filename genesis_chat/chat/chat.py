"""A conversation that is kept: every turn goes into the history as it happens."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from typing import Generic, TypeVar

from ..conversation import DEFAULT_SYSTEM_PROMPT
from ..engine import Context, Engine, Event, Request, check
from ..errors import HistoryError
from ..history import Conversation, StoredMessage
from ..settings import GenerationSettings, is_seed
from .branch import exchanges_of
from .recording import Recording, receipt_before, sampling_of
from .records import Records

S = TypeVar("S", bound=Records)


class Chat(Generic[S]):
    """An engine's replies with their place in the history.

    Args:
        engine: where replies come from.
        store: an open history.
        conversation: what to continue; None begins one with the first message.
        system: the system prompt of a conversation that begins.
        draft: the place of the draft that a message is until it is in the history.
        snapshot: whether states after turns may go to the disk.

    `conversation` is as it was when it was opened or begun; `head` is the last
    message of the branch that is continued, which every reply moves on. All methods
    raise `HistoryError`. One thread may use a chat.
    """

    def __init__(
        self,
        engine: Engine,
        store: S,
        conversation: Conversation | None = None,
        system: str = DEFAULT_SYSTEM_PROMPT,
        draft: str | None = None,
        *,
        snapshot: bool = True,
    ) -> None:
        self.engine, self.store = engine, store
        self.conversation = conversation
        self.head = conversation.head if conversation else None
        self._system, self._draft, self._snapshot = system, draft, snapshot

    @property
    def system(self) -> str:
        """The conversation's system prompt."""
        return self.conversation.system if self.conversation else self._system

    def reply(
        self,
        content: str,
        settings: GenerationSettings,
        cancelled: Callable[[], bool] = lambda: False,
        *,
        readings: bool = False,
    ) -> Generator[Event]:
        """Send a message and yield the events of the reply; see `Engine.reply`.

        The message is on the disk before the reply begins. The reply follows a
        moment behind and is kept whatever ends it. Raises `HistoryError` at the end
        when the reply could not be kept.
        """
        settings = settings.seeded()
        check(settings)
        question = self._add(content, self.head)
        yield from self._answer(question, settings, cancelled, readings)

    def edit(
        self,
        message: str,
        content: str,
        settings: GenerationSettings,
        cancelled: Callable[[], bool] = lambda: False,
        *,
        readings: bool = False,
    ) -> Generator[Event]:
        """Send a user's message in other words; the first ones stay as a sibling."""
        settings = settings.seeded()
        check(settings)
        found = self._message(message, "user")
        question = self._add(content, found.parent)
        yield from self._answer(question, settings, cancelled, readings)

    def regenerate(
        self,
        message: str,
        settings: GenerationSettings,
        cancelled: Callable[[], bool] = lambda: False,
        *,
        readings: bool = False,
    ) -> Generator[Event]:
        """Reply once more to a user's message, given it or one of its replies."""
        settings = settings.seeded()
        check(settings)
        found = self._message(message)
        if found.role == "assistant":
            if found.parent is None:
                raise HistoryError("This reply has no question; send a message.")
            found = self._message(found.parent, "user")
        yield from self._answer(found, settings, cancelled, readings)

    def resume(
        self,
        message: str,
        settings: GenerationSettings,
        cancelled: Callable[[], bool] = lambda: False,
        *,
        readings: bool = False,
    ) -> Generator[Event]:
        """Let a reply that was cut short go on from its last token.

        With the settings and the seed it had, it becomes what it would have been. A
        reply that messages follow stays as it is, since they were written after it.
        """
        found = self._message(message, "assistant")
        facts, receipt = self.engine.model, found.receipt
        if found.status == "damaged" or found.parent is None:
            raise HistoryError("This reply can't be continued; regenerate it.")
        if any(m.parent == found.id for m in self.store.messages(self._id)):
            raise HistoryError("Only the last reply can be continued.")
        same = receipt and receipt.model_sha256 == facts.sha256 is not None
        if found.token_ids and not same:
            name = f" ({receipt.model})" if receipt and receipt.model else ""
            raise HistoryError(
                f"This reply was written by another model{name}; switch to it to "
                "continue."
            )
        if receipt:
            settings = settings.resolved(sampling_of(receipt, facts))
        # Older versions took seeds of any size.
        if receipt and settings.seed is None and is_seed(receipt.seed):
            settings = replace(settings, seed=receipt.seed)
        settings = settings.seeded()
        check(settings)
        question = self._message(found.parent, "user")
        yield from self._answer(question, settings, cancelled, readings, found)

    def select(self, message: str) -> None:
        """Go on from the branch that ends with this message, or passes it last."""
        leaf = self.store.latest_leaf(self._id, message)
        self.store.select(self._id, leaf)
        self.head = leaf

    def branch_off(self, message: str) -> Conversation:
        """Copy the conversation up to a message into a new one."""
        return self.store.fork(self._id, message)

    def context(self, settings: GenerationSettings) -> Context:
        """How full the model's context is with this branch."""
        return self.engine.context(self._request("", self.head, settings))

    @property
    def _id(self) -> str:
        if self.conversation is None:
            raise HistoryError("The conversation is empty. Send a message first.")
        return self.conversation.id

    def _add(self, content: str, parent: str | None) -> StoredMessage:
        if self.conversation is None:
            self.conversation = self.store.create(system=self._system)
        question = self.store.add(
            self._id, "user", content, parent=parent, draft=self._draft
        )
        self.head = question.id
        return question

    def _message(self, id: str, role: str | None = None) -> StoredMessage:
        found = self.store.message(id)
        if found.conversation != self._id or (role and found.role != role):
            kind = {"user": "a user", "assistant": "an assistant"}.get(role or "", "a")
            raise HistoryError(
                f"{id} is not {kind} message in this conversation; pick another."
            )
        return found

    def _request(
        self, content: str, parent: str | None, settings: GenerationSettings
    ) -> Request:
        branch = self.store.branch(self._id, parent) if parent else []
        exchanges = exchanges_of(branch, self.engine.model.sha256)
        return Request(
            content, settings, self.system, exchanges, snapshot=self._snapshot
        )

    def _answer(
        self,
        question: StoredMessage,
        settings: GenerationSettings,
        cancelled: Callable[[], bool],
        readings: bool,
        begun: StoredMessage | None = None,
    ) -> Generator[Event]:
        request = replace(
            self._request(question.content, question.parent, settings),
            begun=begun.token_ids if begun else (),
            readings=readings,
        )
        facts = self.engine.model
        recording: Recording | None = None

        def stopped() -> bool:
            # The engine asks all the time, also while the model's process hangs.
            if recording:
                recording.keep_up()
            return cancelled()

        try:
            with closing(self.engine.reply(request, stopped)) as events:
                for event in events:
                    if recording is None:
                        before = receipt_before(facts, settings)
                        if begun:
                            writer = self.store.resume_reply(begun.id, before)
                        else:
                            writer = self.store.begin_reply(
                                self._id, parent=question.id, receipt=before
                            )
                        recording = Recording(writer, facts)
                        self.head = writer.id
                    recording.take(event)
                    yield event
        finally:
            if recording:
                recording.close()
        if recording and recording.failure:
            raise recording.failure
