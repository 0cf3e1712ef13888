"""Going through what was found in the open chat."""

from .finding import Finding
from .parts import Parts


class Matches:
    """Shows the messages that hold some words, one after the other."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._finding: Finding | None = None

    def leave(self) -> None:
        """Another chat is shown."""
        self._finding = None

    async def find(self, words: str) -> bool:
        """Go to the last message that holds some words; whether there is one."""
        self._finding = Finding(words, self._parts.chat.branch)
        if not self._finding.count:
            self._parts.tell(f"No matches for “{words}” in this chat.")
            return False
        await self._show()
        return True

    async def go(self, step: int) -> None:
        """Go to the match above or below."""
        if self._finding and self._finding.count:
            self._finding.step(step)
            await self._show()
        else:
            self._parts.tell("Nothing to find. Press F7 first.")

    async def _show(self) -> None:
        if found := self._finding:
            await self._parts.transcript.reveal(found.message)
            place = f"Match {found.number} of {found.count}"
            self._parts.tell(f"{place} · N above · Shift+N below")
