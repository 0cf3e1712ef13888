"""Messages that wait for the reply that is being written, as plain state."""

from dataclasses import dataclass

from ..services.turns import Turn


@dataclass
class WaitingMessage:
    """A message with the turn that will send it; `place` is its conversation.

    That is empty while the conversation is beginning.
    """

    place: str
    turn: Turn


class Waiting:
    """Messages in the order they were written."""

    def __init__(self) -> None:
        self._messages: list[WaitingMessage] = []

    def add(self, place: str, turn: Turn) -> None:
        """One more."""
        self._messages.append(WaitingMessage(place, turn))

    def texts(self, place: str | None) -> list[str]:
        """Those of a conversation."""
        return [m.turn.content for m in self._messages if m.place == place]

    def began(self, conversation: str) -> None:
        """The conversation that was beginning has an id."""
        for message in self._messages:
            message.place = message.place or conversation

    def drop_private(self) -> None:
        """Those of a private chat are gone with it."""
        self._messages = [m for m in self._messages if not m.turn.private]

    def take_back(self, place: str | None) -> str | None:
        """The last one of a conversation, which no longer waits."""
        for number in reversed(range(len(self._messages))):
            if self._messages[number].place == place:
                return self._messages.pop(number).turn.content
        return None

    def next(self) -> WaitingMessage | None:
        """The first one, which no longer waits."""
        return self._messages.pop(0) if self._messages else None
