"""Finding words in the open chat, as plain state."""

from collections.abc import Sequence

from ...history import StoredMessage
from ...text import bare, search_words


class Finding:
    """The messages of a branch that hold all of some words.

    One is at a `message` first if it is given and holds them, else at the last one.
    Capitals, accents and quotes make no difference, as in the search over all chats.
    """

    def __init__(
        self, words: str, branch: Sequence[StoredMessage], message: str = ""
    ) -> None:
        self.words = words
        wanted = search_words(words)
        self._ids = [
            message.id for message in branch if wanted and _has(message.content, wanted)
        ]
        at = message in self._ids
        self._place = self._ids.index(message) if at else len(self._ids) - 1

    @property
    def count(self) -> int:
        """How many messages there are."""
        return len(self._ids)

    @property
    def number(self) -> int:
        """Which of them one is at, counted from 1."""
        return self._place + 1

    @property
    def message(self) -> str:
        """The id of the one that one is at."""
        return self._ids[self._place]

    def step(self, step: int) -> None:
        """Go to the message after or before, around the ends."""
        self._place = (self._place + step) % len(self._ids)


def _has(text: str, wanted: Sequence[str]) -> bool:
    """Whether a text has all of some bare words."""
    plain = bare(text)
    return all(word in plain for word in wanted)
