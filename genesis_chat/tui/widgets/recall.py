"""Going through what was asked before, without losing what is being written."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ...text import joined


class Left(NamedTuple):
    """Where one was: what was begun before, at which question, and what was shown."""

    begun: str = ""
    place: int = -1
    shown: str = ""


class Recall:
    """The questions, the last first, and at which one is.

    `begun` is what one comes back to: what was being written, with what was made of
    questions that were left again. Texts are as they stand in the composer.
    """

    def __init__(self) -> None:
        self.begun = ""
        self._asked: list[str] = []
        # Where in them one is, and what was shown of it.
        self._place, self._shown = -1, ""

    @property
    def on(self) -> bool:
        """Whether a question is shown."""
        return self._place >= 0

    def set_questions(self, asked: Sequence[str]) -> None:
        """What was asked before, the last first."""
        if self.on and not asked:
            # What is shown stays there until it is left.
            return
        before, self._asked = self._asked, list(asked)
        if self.on:
            shown = before[self._place]
            found = self._asked.index(shown) if shown in self._asked else self._place
            self._place = min(found, len(self._asked) - 1)

    def remember(self, question: str) -> None:
        """Something was asked just now."""
        others = (each for each in self._asked if each != question)
        self.set_questions([question, *others])

    def unsent(self, text: str) -> str:
        """All that was written, where `text` stands now: no question as it was."""
        changed = "" if self.on and text == self._shown else text
        return joined(self.begun, changed)

    def step(self, step: int, text: str, shown: Callable[[str], str]) -> str | None:
        """What is to stand in place of a text, so many questions before it.

        A question is `shown` as that says; None where there is no other.
        """
        place = self._place + step
        if not -1 <= place < len(self._asked):
            return None
        begun, self._place = self.unsent(text), place
        self.begun = begun if self.on else ""
        self._shown = shown(self._asked[place]) if self.on else begun
        return self._shown

    def leave(self) -> Left:
        """Something else is written; where one was."""
        left = Left(self.begun, self._place, self._shown)
        self._place, self.begun = -1, ""
        return left

    def go_back(self, left: Left) -> None:
        """What was left is shown again."""
        self.begun, self._shown = left.begun, left.shown
        self._place = min(left.place, len(self._asked) - 1)
