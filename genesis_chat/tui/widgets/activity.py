"""One line that says what goes on, and for how long; at rest it costs nothing."""

import time

from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from .shown import line

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
# The spinner turns so often; the seconds are told from the second one on.
TURN_SECONDS = 1 / 8
TOLD_SECONDS = 2


class Activity(Static):
    """A sentence, or a spinner with what is waited for and the seconds it took."""

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes, markup=False)
        self.text = ""
        self._hint = ""
        self._since = 0.0
        self._timer: Timer | None = None

    @property
    def busy(self) -> bool:
        """Whether something is waited for."""
        return self._timer is not None

    def say(self, text: str | Content) -> None:
        """A sentence that stays; none when empty."""
        self._end()
        shown = line(text) if isinstance(text, str) else text
        self.text = shown.plain
        self.update(shown)
        self.display = bool(self.text)

    def wait(self, text: str, hint: str = "", since: float | None = None) -> None:
        """Something that takes a while, and a hint on what can be done about it.

        Another text for the same wait keeps its seconds; `since` is when it began on
        the monotonic clock, by default now.
        """
        self.text, self._hint = line(text).plain.rstrip("…"), hint
        self.display = True
        if since is not None:
            self._since = since
        elif self._timer is None:
            self._since = time.monotonic()
        if self._timer is None:
            self._timer = self.set_interval(TURN_SECONDS, self._turn)
        self._turn()

    def hint(self, hint: str) -> None:
        """Another hint on what is waited for, if anything is."""
        self._hint = hint
        if self.busy:
            self._turn()

    @property
    def _waited(self) -> float:
        """How many seconds it has taken so far."""
        return time.monotonic() - self._since

    def _turn(self) -> None:
        waited = self._waited
        frame = FRAMES[int(waited / TURN_SECONDS) % len(FRAMES)]
        seconds = f", {waited:.0f} s" if waited >= TOLD_SECONDS else ""
        hint = f" · {self._hint}" if self._hint else ""
        self.update(
            Content.assemble((f"{frame} ", "$accent"), f"{self.text}{seconds}{hint}")
        )

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
