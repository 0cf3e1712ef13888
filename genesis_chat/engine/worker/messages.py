"""What the two sides of a worker say to each other, and how it is framed.

Both sides are one program: pickles never come from elsewhere.
"""

import pickle
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ...model_choice import ModelChoice
from ..events import Context, Event
from ..protocol import ModelFacts, Request
from ..snapshots import Snapshots

_LENGTH = struct.Struct("<Q")
# The number of what is told while a model loads.
LOADING = 0


@dataclass(frozen=True)
class Load:
    """Open a model; the first message."""

    directory: Path
    name: str
    sha256: str | None
    snapshots: Snapshots | None
    choice: ModelChoice


@dataclass(frozen=True)
class Keep:
    """Keep states on disk from now on, and forget those in memory."""

    snapshots: Snapshots | None


@dataclass(frozen=True)
class Ask:
    """Reply to a request, or tell its context only."""

    number: int
    request: Request
    context_only: bool = False


@dataclass(frozen=True)
class Cancel:
    """End the reply with this number, or never begin it."""

    number: int


@dataclass(frozen=True)
class Preparing:
    """Loading takes longer this time; why."""

    text: str


@dataclass(frozen=True)
class Loaded:
    """The model is there."""

    model: ModelFacts


@dataclass(frozen=True)
class Begun:
    """The reply with this number is next: all that was asked before it is done."""

    number: int


@dataclass(frozen=True)
class Told:
    """An event of the reply with this number, or its context."""

    number: int
    event: Event | Context


@dataclass(frozen=True)
class Done:
    """Nothing more comes; `error` is what was raised.

    Of loading, `number` is `LOADING`.
    """

    number: int
    error: BaseException | None = None


def write(stream: BinaryIO, message: object) -> None:
    """Send one message. Raises `OSError` when nobody reads any more."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def read(stream: BinaryIO) -> Any:
    """The next message. Raises `EOFError` at the end, also in mid-message."""
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    return pickle.loads(_exactly(stream, length))


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data
