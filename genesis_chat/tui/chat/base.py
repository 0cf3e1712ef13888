"""What all parts of the chat screen share."""

import asyncio
import gc
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.css.query import NoMatches
from textual.screen import Screen

from ...engine import Context, ModelFacts
from ...engine.speaker import speaker_of_reply
from ...errors import GenesisChatError
from ...history import Conversation, StoredMessage
from ...settings import THINKING_MODES, GenerationSettings, is_seed
from ..chat_list.sidebar import ConversationList, Sidebar
from ..services.library import Library
from ..services.turns import Turn, Turns
from ..start import Start
from ..widgets.composer import Composer
from ..widgets.shown_message import Shown
from ..widgets.status import Status
from ..widgets.transcript import Transcript

if TYPE_CHECKING:
    from ..app import GenesisApp

# So long after a turn or a change of chat nobody waits for the screen.
TIDY_SECONDS = 2.0


class Base(Screen[None]):
    """The conversation that is shown, and shortcuts to the widgets."""

    CSS_PATH: ClassVar[str] = "chat.tcss"

    def __init__(self, start: Start, library: Library, turns: Turns) -> None:
        super().__init__()
        self.start, self.library, self.turns = start, library, turns
        self.conversation: Conversation | None = None
        # Before the first one is shown the empty composer is nobody's draft.
        self.shown_once = False
        self.branch: list[StoredMessage] = []
        self.known: list[StoredMessage] = []
        # The conversation whose reply is being written, None for one that begins.
        self.replying_in: str | None = None
        self.changed: dict[str, Any] = {}
        self.system = start.system
        self.context: Context | None = None
        # How often an error has been told.
        self.errors = 0

    @property
    def genesis(self) -> "GenesisApp":
        """The application."""
        return self.app  # type: ignore[return-value]  # the only one there is

    @property
    def transcript(self) -> Transcript:
        """The messages."""
        return self.query_one(Transcript)

    @property
    def composer(self) -> Composer:
        """Where a message is written."""
        return self.query_one(Composer)

    @property
    def sidebar(self) -> Sidebar:
        """The list of conversations."""
        return self.query_one(Sidebar)

    @property
    def status(self) -> Status:
        """The line at the bottom."""
        return self.query_one(Status)

    @property
    def settings(self) -> GenerationSettings:
        """The defaults with what this conversation changes."""
        return replace(self.start.settings, **self.changed)

    @property
    def watching(self) -> bool:
        """Whether the mixers are to report."""
        return False

    def turn(self, kind: Any = "reply", **values: Any) -> Turn:
        """A turn of this conversation."""
        return Turn(
            kind,
            self.settings,
            self.system,
            self.conversation.id if self.conversation else None,
            self.branch[-1].id if self.branch else None,
            readings=self.watching,
            **values,
        )

    @work(exclusive=True, group="tidy")
    async def tidy_soon(self) -> None:
        """Collect garbage in a pause, and set aside what stays.

        A full collection takes as long as some keys have; those that come by
        themselves while a reply streams then look only at what is new.
        """
        await asyncio.sleep(TIDY_SECONDS)
        if not self.turns.busy:
            gc.unfreeze()
            gc.collect()
            gc.freeze()

    def tell(self, sentence: str, *, error: bool = False) -> None:
        """Say something in a corner for a moment."""
        from ...text import drawn

        self.errors += error
        severity: Any = "error" if error else "information"
        self.notify(drawn(sentence), severity=severity, markup=False)

    async def ask(self, question: Any) -> Any:
        """What the history answers; None, and a notice, when it cannot.

        While the program ends the widgets go, and nobody waits for an answer.
        """
        try:
            found = await self.library.call(question)
        except GenesisChatError as error:
            self.tell(str(error), error=True)
            found = None
        try:
            self.sidebar.query_one(ConversationList)
        except NoMatches:
            raise asyncio.CancelledError from None
        return found


def changed_settings(values: dict[str, Any]) -> dict[str, Any]:
    """The stored settings that this version knows, with values of the right type."""
    found = {}
    for field in fields(GenerationSettings):
        kinds: tuple[type, ...] = (int,)
        if field.type is float:
            kinds = (int, float)
        elif field.type is bool:
            kinds = (bool,)
        elif field.default is None:
            kinds = (int, type(None))
        if field.name in values and isinstance(values[field.name], kinds):
            found[field.name] = values[field.name]
    if found.get("seed") is not None and not is_seed(found["seed"]):
        del found["seed"]
    if values.get("thinking") in THINKING_MODES:
        found["thinking"] = values["thinking"]
    return found


def shown(
    branch: Sequence[StoredMessage],
    tree: Sequence[StoredMessage],
    *,
    model: ModelFacts | None,
    replying: bool = False,
) -> list[Shown]:
    """The messages of a branch with their places among their alternatives.

    `model` is the one that is loaded. While one is `replying` the last question still
    waits for its reply.
    """
    siblings: dict[tuple[str | None, str], list[str]] = {}
    for message in tree:
        siblings.setdefault((message.parent, message.role), []).append(message.id)
    found = []
    for message in branch:
        ids = siblings.get((message.parent, message.role), [message.id])
        place = ids.index(message.id) + 1 if message.id in ids else 1
        last = message is branch[-1] and message.role == "user" and not replying
        wrote = message.receipt.model if message.receipt else None
        speaker = "You" if message.role == "user" else speaker_of_reply(wrote, model)
        found.append(Shown(message, speaker, place, len(ids), unanswered=last))
    return found
