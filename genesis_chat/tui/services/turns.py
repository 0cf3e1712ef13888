"""The thread that talks to the engine and writes the turns into the history."""

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Literal

from textual.message import Message

from ...chat import Chat
from ...engine import LIMIT_BYTES, Engine, Event, Snapshots, WorkerEngine
from ...errors import GenesisChatError
from ...history import Store
from ...model_choice import ModelChoice
from ...models import InstalledModel, choose, default_name
from ...paths import SNAPSHOTS
from ...settings import GenerationSettings
from .contents import Contents, read_contents
from .history import History
from .messages import (
    ContextKnown,
    ModelFailed,
    ModelOpening,
    ModelPreparing,
    ModelReady,
    TurnBegan,
    TurnEnded,
    TurnEvent,
)
from .records import Records
from .runs import unsent

# A model stops after the token it is at.
CLOSING_SECONDS = 5.0
OpenEngine = Callable[[ModelChoice, Snapshots], Engine]
Kind = Literal["reply", "edit", "regenerate", "resume"]


@dataclass(frozen=True)
class Turn:
    """What is to be done: `message` is what is edited, regenerated or resumed.

    Without a `conversation` a new one begins; `head` is the last message of the
    branch that a reply continues. `changed` are the settings that a conversation that
    begins is kept with. With `readings` the mixers report as it comes. What is
    `private` goes into the history that was given for that.
    """

    kind: Kind
    settings: GenerationSettings
    system: str
    conversation: str | None = None
    head: str | None = None
    message: str = ""
    content: str = ""
    changed: dict[str, Any] = field(default_factory=dict)
    readings: bool = False
    private: bool = False


class Turns:
    """Runs turns one after the other; everything is told through `post`.

    Args:
        post: takes messages, from any thread.
        history: where everything is kept.
        open_engine: makes an engine for a model; a process of its own by default.
        limit: bytes of states on disk.
    """

    def __init__(
        self,
        post: Callable[[Message], object],
        history: History,
        open_engine: OpenEngine | None = None,
        limit: int = LIMIT_BYTES,
    ) -> None:
        self._post, self._limit = post, limit
        self._records = self._private = Records(history)
        self._open_engine = open_engine or self._open_worker
        self._executor = ThreadPoolExecutor(1, "turns")
        self._stop = threading.Event()
        self._engine: Engine | None = None
        self._loading: Engine | None = None
        self._closing = False
        self.busy = False

    def open_model(self, choice: ModelChoice) -> Future[None]:
        """Load a model in place of the one there was."""
        return self._executor.submit(self._open_model, choice)

    def run(self, turn: Turn) -> Future[None]:
        """Do a turn when those before it are done."""
        self.busy = True
        self._stop.clear()
        return self._executor.submit(self._run, turn)

    def measure(self, turn: Turn) -> Future[None]:
        """Tell how full the context of a turn's conversation is."""
        return self._executor.submit(self._measure, turn)

    def use_private(self, history: History) -> None:
        """Private turns that are asked for from now on go into this one."""
        self.then(lambda: setattr(self, "_private", Records(history)))

    def then(self, do: Callable[[], None]) -> Future[None]:
        """Do something when the turns before it are done."""
        return self._executor.submit(do)

    def memory(self) -> int | None:
        """Bytes that the model's process holds, None without one."""
        pid = getattr(self._engine, "pid", None)
        return resident(pid) if pid else None

    def stop(self) -> None:
        """End the reply that is being written."""
        self._stop.set()

    def close(self) -> None:
        """Stop, keep everything, and let go of the model, also one that loads."""
        self._closing = True
        self._stop.set()
        if isinstance(self._loading, WorkerEngine):
            self._loading.give_up()
        closing = self._executor.submit(self._close)
        try:
            closing.result(CLOSING_SECONDS)
        except TimeoutError:
            # The model's process hangs; killed, it ends what waits for it.
            if isinstance(self._engine, WorkerEngine):
                self._engine.give_up()
            closing.result()
        self._executor.shutdown()

    def _open_model(self, choice: ModelChoice) -> None:
        try:
            if self._engine and self._open_engine == self._open_worker:
                # A name that is wrong must not cost the model there is.
                usable(choice)
        except GenesisChatError as error:
            still = self._engine.model if self._engine else None
            self._post(ModelFailed(str(error), still))
            return
        try:
            self._post(ModelOpening(str(choice.name or default_name())))
            folder = self._records.ask(lambda store: store.path).with_name(SNAPSHOTS)
            snapshots = Snapshots(folder, self._limit)
            if self._engine:
                self._engine.close()
                self._engine = None
            self._engine = self._loading = self._open_engine(choice, snapshots)
            if self._closing:
                return
            self._post(ModelReady(self._engine.model))
        except Exception as error:
            self._engine = None
            told = isinstance(error, GenesisChatError)
            unexpected = f"Unexpected {type(error).__name__}: "
            self._post(ModelFailed(f"{'' if told else unexpected}{error}"))
        finally:
            self._loading = None

    def _open_worker(self, choice: ModelChoice, snapshots: Snapshots) -> Engine:
        found = usable(choice)
        return WorkerEngine(
            found.directory,
            found.name,
            found.sha256,
            snapshots,
            choice,
            lambda text: self._post(ModelPreparing(text)),
        )

    def _run(self, turn: Turn) -> None:
        chat: Chat[Records] | None = None
        error = ""
        try:
            chat = self._chat(turn)
            began = False
            with closing(self._events(chat, turn)) as events:
                for event in events:
                    if not began:
                        began = True
                        self._tell_beginning(chat, turn)
                    self._post(TurnEvent(event))
        except GenesisChatError as failure:
            error = str(failure)
        except Exception as failure:
            error = f"Unexpected {type(failure).__name__}: {failure}"
        finally:
            kept = chat.conversation if chat else None
            contents = self._contents(turn, kept.id if kept else turn.conversation)
            self.busy = False
            self._post(TurnEnded(contents, error))

    def _tell_beginning(self, chat: Chat[Records], turn: Turn) -> None:
        assert chat.conversation and chat.head
        id, reply = chat.conversation.id, chat.head

        def read(store: Store) -> Contents:
            if turn.conversation is None and turn.changed:
                store.set_settings(id, turn.changed)
            return read_contents(store, id, reply)

        self._post(TurnBegan(self._records_of(turn).ask(read), reply))

    def _contents(self, turn: Turn, conversation: str | None) -> Contents | None:
        if conversation is None:
            return None
        try:
            records = self._records_of(turn)
            return records.ask(lambda s: read_contents(s, conversation))
        except GenesisChatError:
            # What ended the turn has been told already.
            return None

    def _events(self, chat: Chat[Records], turn: Turn) -> Generator[Event]:
        stop, settings, told = self._stop.is_set, turn.settings, turn.readings
        match turn.kind:
            case "reply":
                return chat.reply(turn.content, settings, stop, readings=told)
            case "edit":
                return chat.edit(
                    turn.message, turn.content, settings, stop, readings=told
                )
            case "regenerate":
                return chat.regenerate(turn.message, settings, stop, readings=told)
            case "resume":
                return chat.resume(turn.message, settings, stop, readings=told)

    def _measure(self, turn: Turn) -> None:
        if not turn.conversation or self.busy:
            return
        try:
            context = self._chat(turn).context(turn.settings)
        except GenesisChatError:
            # The gauge stays empty; a turn tells what is wrong.
            return
        self._post(ContextKnown(turn.conversation, context))

    def _chat(self, turn: Turn) -> Chat[Records]:
        if self._engine is None:
            raise GenesisChatError("No model loaded. Press F2 to choose one.")
        id, found, records = turn.conversation, None, self._records_of(turn)
        if id:
            found = records.ask(lambda store: store.find(id))
        chat = Chat(
            self._engine,
            records,
            found,
            turn.system,
            unsent(),
            snapshot=not turn.private,
        )
        if turn.head:
            chat.head = turn.head
        return chat

    def _records_of(self, turn: Turn) -> Records:
        return self._private if turn.private else self._records

    def _close(self) -> None:
        if self._engine:
            self._engine.close()


def usable(choice: ModelChoice) -> InstalledModel:
    """The model that is chosen, if it is there. Raises `GenesisChatError`."""
    found = choose(choice.name)
    if found.problem:
        raise GenesisChatError(found.problem)
    return found


def resident(pid: int) -> int | None:
    """Bytes of a process in memory, None when it has ended."""
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None
