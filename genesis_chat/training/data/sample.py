"""One conversation, or one text, that a model is to learn from."""

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

from ...conversation import Message

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")


class BadLineError(Exception):
    """Why a line cannot be learnt from, as a clause, and what was expected."""


@dataclass(frozen=True)
class Sample:
    """A conversation of `messages`, or a `text` without turns.

    A conversation begins with a system prompt or a user's message, and then users and
    the assistant take turns; `learnt` says of each message whether its words are to be
    learnt, as some of the assistant's are. `place` is where it was found.
    """

    place: str
    messages: tuple[Message, ...] = ()
    learnt: tuple[bool, ...] = ()
    text: str | None = None

    @property
    def canonical(self) -> bytes:
        """What makes two samples the same one: roles and words, spaces apart."""
        if self.text is not None:
            return json.dumps(["text", _spaced(self.text)]).encode()
        said = [
            [message.role, _spaced(message.content), learnt]
            for message, learnt in zip(self.messages, self.learnt, strict=True)
        ]
        return json.dumps(said).encode()

    @property
    def digest(self) -> bytes:
        """sha256 of that."""
        return hashlib.sha256(self.canonical).digest()


def _spaced(text: str) -> str:
    return " ".join(text.split())
