"""A conversation that is kept: every turn goes into the history as it happens."""

from collections.abc import Callable, Iterator
from dataclasses import asdict

from .engine import Event, Finished, Reply, Session, Snapshots, Text
from .errors import HistoryError
from .history import Conversation, Receipt, ReplyWriter, Store, StoredMessage
from .settings import GenerationSettings

SNAPSHOTS = "snapshots"
STATUS = {"cancelled": "interrupted", "error": "failed"}


class Chat:
    """A session with its place in the history.

    Args:
        session: where replies come from; its system prompt is the conversation's.
        store: an open history.
        conversation: what to continue; None begins one with the first message.
    """

    def __init__(
        self, session: Session, store: Store, conversation: Conversation | None = None
    ) -> None:
        self._session, self._store = session, store
        session.snapshots = Snapshots(store.path.parent / SNAPSHOTS)
        self.conversation = conversation
        self._head = conversation.head if conversation else None
        if conversation:
            restore(session, store.branch(conversation.id))

    def reply(
        self,
        content: str,
        settings: GenerationSettings,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Event]:
        """As `Session.reply`; the message is on the disk before the reply begins.

        The reply follows a moment behind and is kept whatever ends it. Raises also
        `HistoryError`, at the end when the reply could not be kept.
        """
        settings = settings.seeded()
        self._session.model.check(settings)
        if self.conversation is None:
            self.conversation = self._store.create(system=self._session.system)
        conversation = self.conversation.id
        question = self._store.add(conversation, "user", content, parent=self._head)
        self._head = question.id
        events = self._session.reply(content, settings, cancelled)
        recording: _Recording | None = None
        try:
            for event in events:
                if recording is None:
                    writer = self._store.begin_reply(conversation, parent=question.id)
                    recording = _Recording(writer, self._session.model.sha256)
                    self._head = writer.id
                recording.take(event)
                yield event
        finally:
            if recording:
                recording.close()
        if recording and recording.failure:
            raise recording.failure


def restore(session: Session, branch: list[StoredMessage]) -> None:
    """Let a session continue a stored branch."""
    session.restore(_exchanges(branch, session.model.sha256))


class _Recording:
    """Writes one reply; a history that fails must not cost the reply itself."""

    def __init__(self, writer: ReplyWriter, sha256: str | None) -> None:
        self._writer, self._sha256 = writer, sha256
        self._open = True
        self.failure: HistoryError | None = None

    def take(self, event: Event) -> None:
        try:
            if self.failure is None and isinstance(event, Text):
                self._writer.append(event.text, event.token_ids)
            elif self.failure is None and isinstance(event, Finished):
                self._open = False
                reply = event.reply
                status = STATUS.get(reply.finish_reason, "complete")
                self._writer.finish(
                    status,  # type: ignore[arg-type]  # one of the statuses
                    _receipt(reply, self._sha256),
                    reply.token_ids,
                )
        except HistoryError as error:
            self.failure = error

    def close(self) -> None:
        """Keep what has come when no end came."""
        if self._open and self.failure is None:
            try:
                self._writer.finish("interrupted")
            except HistoryError as error:
                self.failure = error


def _receipt(reply: Reply, sha256: str | None) -> Receipt:
    settings = asdict(reply.settings)
    return Receipt(
        model=reply.model,
        model_sha256=sha256,
        seed=settings.pop("seed"),
        settings=settings,
        prompt_tokens=reply.prompt_tokens,
        prefilled_tokens=reply.prefilled_tokens,
        reply_tokens=reply.reply_tokens,
        seconds_to_first_token=reply.seconds_to_first_token,
        tokens_per_second=reply.tokens_per_second,
        finish_reason=reply.finish_reason,
    )


def _exchanges(
    branch: list[StoredMessage], sha256: str | None
) -> list[tuple[str, str, tuple[int, ...]]]:
    """Questions with their replies; a question nobody answered is left out.

    An imported conversation may have several replies in a row: they become one.
    """
    exchanges: list[tuple[str, str, tuple[int, ...]]] = []
    question: StoredMessage | None = None
    for message in branch:
        if message.role == "user":
            question = message
        elif not message.content and not message.token_ids:
            continue
        elif question is not None:
            receipt = message.receipt
            same = receipt is not None and receipt.model_sha256 == sha256 is not None
            ids = message.token_ids if same and message.status != "damaged" else ()
            exchanges.append((question.content, message.content, ids))
            question = None
        elif exchanges:
            content, text, _ = exchanges[-1]
            exchanges[-1] = (content, f"{text}\n\n{message.content}", ())
    return exchanges
