"""The reply that is being written, as plain state."""

import time

from ...engine import Text, Thought
from ..services.turns import Turn


class RunningReply:
    """What is known of a turn until it is over.

    `conversation` and `id`, the reply's, are empty until both are in the history;
    `unsent` is the message until then. `beginning` says that the chat that the turn
    begins is the one that is shown.
    """

    def __init__(self, turn: Turn, text: str = "", thought: str = "") -> None:
        self.turn = turn
        self.conversation = turn.conversation or ""
        self.id = ""
        self.unsent = turn.content
        self.beginning = turn.conversation is None
        self.text, self.thought = text, thought
        self.tokens = 0
        self.asked = time.monotonic()
        # When the first token came.
        self.first: float | None = None

    def began(self, conversation: str, reply: str) -> None:
        """The message and its reply are in the history."""
        self.conversation, self.id, self.unsent = conversation, reply, ""

    def take(self, piece: Text | Thought) -> None:
        """The next piece of it."""
        self.first = self.first or time.monotonic()
        self.tokens += len(piece.token_ids)
        if isinstance(piece, Thought):
            self.thought += piece.text
        else:
            self.text += piece.text

    def left(self) -> None:
        """Another chat is shown."""
        self.beginning = False

    def is_of(self, conversation: str) -> bool:
        """Whether it is written in the conversation that is shown."""
        if self.conversation:
            return self.conversation == conversation
        return self.beginning and not conversation

    @property
    def seconds(self) -> float:
        """Since the first token."""
        return time.monotonic() - self.first if self.first else 0.0
