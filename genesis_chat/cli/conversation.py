"""Which conversation a command takes part in, and whether it is kept."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from ..conversation import DEFAULT_SYSTEM_PROMPT
from ..errors import HistoryError, UsageError
from ..paths import SNAPSHOTS
from ..text import counted
from .show import notice

if TYPE_CHECKING:
    from ..api import Genesis
    from ..chat import Chat
    from ..engine import Session
    from ..history import Conversation, Store

WITHOUT = "Use --no-log to go on without saving."


@contextmanager
def open_history() -> Iterator["Store"]:
    """The history; says so when it had to be saved from damage."""
    from ..history import Store

    with Store.open(recovered=lambda recovery: notice(str(recovery))) as store:
        yield store


class Choice:
    """The options of a command that say where its turns belong.

    `system` is None when it was not given.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self.system: str | None = options["system"]
        self.no_log: bool = not options["log"]
        self.latest: bool = options["latest"]
        self.conversation: str | None = options["conversation"]
        if self.latest and self.conversation:
            raise UsageError("--continue and --conversation cannot be used together.")
        template = options["template"]
        if template is not None and self.system is not None:
            raise UsageError("--system and --template cannot be used together.")
        if self.continues and (self.system is not None or template is not None):
            given = "--system" if template is None else "--template"
            raise UsageError(
                f"{given} cannot be changed when continuing a conversation; leave it "
                "out."
            )
        if template is not None:
            from ..prompts import find

            self.system = find(template).text

    @property
    def continues(self) -> bool:
        """Whether an earlier conversation goes on."""
        return self.latest or self.conversation is not None

    def check(self) -> None:
        """Find what would keep a conversation from going on or from being kept.

        To be called before a model is loaded. Raises `HistoryError`.
        """
        if self.no_log and not self.continues:
            return
        with self._history() as store:
            self.find(store)
            if self.no_log:
                return
            try:
                store.check_writable()
            except HistoryError as error:
                raise HistoryError(f"{error} {WITHOUT}") from error

    @contextmanager
    def open(self, genesis: "Genesis") -> Iterator["Chat[Store] | Session"]:
        """A session, kept in the history unless --no-log says otherwise."""
        from ..chat import Chat, exchanges_of
        from ..config import load
        from ..engine import Snapshots

        with ExitStack() as stack:
            if self.no_log and not self.continues:
                yield genesis.session(self.system_prompt)
                return
            store = stack.enter_context(self._history())
            found = self.find(store)
            if found:
                title = " ".join(found.title.split()) or found.id
                notice(f"Continuing: {title} ({counted(found.messages, 'message')})")
            if self.no_log and found:
                session = genesis.session(found.system)
                branch = store.branch(found.id)
                session.exchanges += exchanges_of(branch, genesis.model.sha256)
                yield session
            else:
                limit = load().snapshots_mb * 2**20
                snapshots = Snapshots(store.path.parent / SNAPSHOTS, limit)
                yield Chat(genesis.engine(snapshots), store, found, self.system_prompt)

    @property
    def system_prompt(self) -> str:
        """The system prompt of a conversation that begins."""
        return default_system_prompt() if self.system is None else self.system

    @contextmanager
    def _history(self) -> Iterator["Store"]:
        with ExitStack() as stack:
            try:
                store = stack.enter_context(open_history())
            except HistoryError as error:
                hint = "" if self.continues else f" {WITHOUT}"
                raise HistoryError(f"{error}{hint}") from error
            yield store

    def find(self, store: "Store") -> "Conversation | None":
        """The conversation that goes on, if one does. Raises `HistoryError`."""
        if self.conversation is not None:
            return store.find(self.conversation)
        if not self.latest:
            return None
        found = store.latest()
        if found is None:
            raise HistoryError("No conversations yet. Start one with `genesis-chat`.")
        return found


def default_system_prompt() -> str:
    """The system prompt where none is given, as the settings file has it."""
    from ..config import load
    from ..prompts import find

    config = load()
    if config.system is not None:
        return config.system
    return find(config.template).text if config.template else DEFAULT_SYSTEM_PROMPT


def conversation_id(chat: "Chat[Store] | Session") -> str | None:
    """The id of the conversation a chat is kept in, None when it is not."""
    from ..chat import Chat

    kept = chat.conversation if isinstance(chat, Chat) else None
    return kept.id if kept else None
