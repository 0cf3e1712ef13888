"""What the services tell the interface, from their threads."""

from dataclasses import dataclass

from textual.message import Message

from ...engine import Context, Event, ModelFacts
from .contents import Contents
from .download import Progress


@dataclass
class ModelOpening(Message):
    """A model is being prepared or loaded."""

    name: str


@dataclass
class ModelPreparing(Message):
    """Loading takes longer this time; why."""

    text: str


@dataclass
class ModelReady(Message):
    """A model is loaded."""

    facts: ModelFacts


@dataclass
class ModelFailed(Message):
    """A model cannot be loaded; the one before is `still` there, if it is."""

    sentence: str
    still: ModelFacts | None = None


@dataclass
class TurnBegan(Message):
    """The message is kept and its `reply` has begun; both are in `contents`."""

    contents: Contents
    reply: str


@dataclass
class TurnEvent(Message):
    """An event of the engine.

    Whoever takes it adds the id of its `reply`, and whether that is `in_sight`.
    """

    event: Event
    reply: str = ""
    in_sight: bool = True


@dataclass
class TurnEnded(Message):
    """The turn is over; `error` is a sentence, or empty.

    `contents` is the conversation as it is now, None when there is none or it cannot
    be read.
    """

    contents: Contents | None
    error: str


@dataclass
class ContextKnown(Message):
    """How full the context of a conversation is."""

    conversation: str
    context: Context


@dataclass
class Downloaded(Message):
    """How far a download is, or the sentence it ended with."""

    what: Progress | str
