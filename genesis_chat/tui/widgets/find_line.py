"""What is being found in the open chat, above the composer."""

from textual.content import Content
from textual.widgets import Static

from ..actions import Keys, first_key
from .shown import line


class FindLine(Static):
    """The words, at which match one is, and how to go on; hidden otherwise.

    Args:
        keys: those that the settings file changes, by the ids of actions.
    """

    def __init__(self, keys: Keys) -> None:
        super().__init__(markup=False)
        ways = {"message.find_above": "above", "message.find_below": "below"}
        self._ways = [f"{first_key(id, keys)} {way}" for id, way in ways.items()]

    def show(self, words: str, number: int, count: int) -> None:
        """At which of how many messages with some words one is, counted from 1."""
        place = (f"Match {number} of {count}", "bold")
        ways = " · ".join([*self._ways, "Esc to close"])
        self.update(Content.assemble(place, f" · {ways} · ", line(words)))
        self.display = True

    def hide(self) -> None:
        """Nothing is being found any more."""
        self.display = False
