"""What is being found in the open chat, above the composer."""

from textual.app import RenderResult
from textual.content import Content
from textual.widgets import Static

from ..actions import Keys, first_key
from .shown import line

# The words are cut to no fewer columns while a key could be left out instead.
LEAST_WORDS = 16
GAP = "   "


class FindLine(Static):
    """The words, at which match one is, and how to go on; hidden otherwise.

    Args:
        keys: those that the settings file changes, by the ids of actions.
    """

    def __init__(self, keys: Keys) -> None:
        super().__init__(markup=False)
        ways = {"message.find_above": "above", "message.find_below": "below"}
        named = [f"{first_key(id, keys)} {way}" for id, way in ways.items()]
        ways_out: tuple[list[str], ...] = ([*named, "Esc close"], named, [])
        self._ways = [Content(" · ".join(some)) for some in ways_out]
        self._words, self._place = Content(""), Content("")

    def show(self, words: str, number: int, count: int) -> None:
        """At which of how many matches of some words one is, counted from 1."""
        self._words = line(words).stylize("$text")
        self._place = Content.styled(f"{number} of {count}", "$text bold")
        self.refresh()
        self.display = True

    def hide(self) -> None:
        """Nothing is being found any more."""
        self.display = False

    def render(self) -> RenderResult:
        """Words and place on the left, keys on the right; the words are cut first."""
        width, whole = self.content_size.width, self._words.cell_length
        for ways in self._ways:
            behind = Content(GAP) + self._place
            taken = behind.cell_length + (len(GAP) + ways.cell_length if ways else 0)
            if width - taken >= min(whole, LEAST_WORDS):
                break
        room = max(0, min(whole, width - taken))
        left = self._words.truncate(room, ellipsis=True) + behind
        blank = width - left.cell_length - ways.cell_length
        return left + Content(" " * max(0, blank)) + ways
