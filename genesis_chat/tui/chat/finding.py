"""Finding words in the open chat, as plain state."""

from collections.abc import Sequence

from ...history import StoredMessage
from ...text import bare, search_words
from ..widgets.shown import places_of


class Finding:
    """Where some words stand in the messages of a branch that hold all of them.

    One is at the occurrence in a `message` with the index `nth` there if there is
    one, else at the last of all. Capitals, accents and quotes make no difference, as
    in the search over all chats.
    """

    def __init__(
        self,
        words: str,
        branch: Sequence[StoredMessage],
        message: str = "",
        nth: int = 0,
    ) -> None:
        self.words = words
        wanted = search_words(words)
        # Each occurrence: the id of its message, and its index there.
        self._places = [
            (each.id, index)
            for each in branch
            if wanted and _has(each.content, wanted)
            for index, _ in enumerate(places_of(words, each.content))
        ]
        here = [n for n, (id, index) in enumerate(self._places) if id == message]
        last = len(self._places) - 1
        self._place = here[min(nth, len(here) - 1)] if here else last

    @property
    def count(self) -> int:
        """How many occurrences there are."""
        return len(self._places)

    @property
    def number(self) -> int:
        """Which of them one is at, counted from 1."""
        return self._place + 1

    @property
    def message(self) -> str:
        """The id of the message that one is at."""
        return self._places[self._place][0]

    @property
    def nth(self) -> int:
        """Which of those in the message one is at, counted from 0."""
        return self._places[self._place][1]

    def step(self, step: int) -> None:
        """Go to the occurrence after or before, around the ends."""
        self._place = (self._place + step) % len(self._places)


def _has(text: str, wanted: Sequence[str]) -> bool:
    """Whether a text has all of some bare words."""
    plain = bare(text)
    return all(word in plain for word in wanted)
