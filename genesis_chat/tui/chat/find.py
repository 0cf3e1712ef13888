"""Going through the messages of the open chat that hold some words."""

from ..widgets.find_line import FindLine
from .finding import Finding
from .parts import Parts


class Find:
    """Goes from match to match; the words stand out in all messages meanwhile.

    Args:
        parts: the open chat and its widgets.
        line: tells at which match one is.
    """

    def __init__(self, parts: Parts, line: FindLine) -> None:
        self._parts, self._line = parts, line
        self._finding: Finding | None = None

    @property
    def on(self) -> bool:
        """Whether something is being found."""
        return self._finding is not None

    async def show(self, words: str, message: str = "") -> bool:
        """Go to a message that holds some words, by default the last such; if any."""
        finding = Finding(words, self._parts.chat.branch, message)
        if not finding.count:
            self._parts.tell(f"No matches for “{words}” in this chat.")
            return False
        self._finding = finding
        await self._show()
        return True

    async def step(self, step: int) -> None:
        """Go to the match above or below."""
        if self._finding is None:
            self._parts.tell("Nothing to find. Press F7 first.")
            return
        # Messages may have come or gone meanwhile.
        found = self._finding
        branch = self._parts.chat.branch
        latest = Finding(found.words, branch, found.message, found.nth)
        if latest.count:
            latest.step(step)
            self._finding = latest
            await self._show()
        else:
            self.leave()

    def leave(self) -> None:
        """Find nothing any more."""
        self._finding = None
        self._line.hide()
        self._parts.transcript.mark("")

    async def _show(self) -> None:
        if found := self._finding:
            self._line.show(found.words, found.number, found.count)
            self._parts.transcript.mark(found.words)
            await self._parts.transcript.reveal(found.message, found.nth)
