"""Where chats are kept: in the history, or nowhere when they are private."""

from textual.widget import Widget

from ..services.history import History
from ..services.private import PrivateHistory
from ..services.turns import Turn, Turns
from ..widgets.asking import Asking
from .drafts import Drafts


class Keeper:
    """Asks one history, and keeps drafts there."""

    def __init__(self, widget: Widget, history: History) -> None:
        self.history = history
        self.ask = Asking(widget, history)
        self.drafts = Drafts(self.ask)


class Keeping:
    """The history, and another one for as long as a private chat is open.

    `now` is of the chat that is shown.

    Args:
        widget: asks.
        history: where conversations are kept that are not private.
        turns: writes into both.
    """

    def __init__(self, widget: Widget, history: History, turns: Turns) -> None:
        self._widget, self._turns = widget, turns
        self.kept = self.now = Keeper(widget, history)

    @property
    def private(self) -> bool:
        """Whether the chat that is shown is private."""
        return self.now is not self.kept

    def of(self, turn: Turn) -> Keeper | None:
        """Where a turn is kept; None for a private one that is gone."""
        if not turn.private:
            return self.kept
        return self.now if self.private else None

    def begin(self) -> None:
        """Keep nothing of the chat that is shown now. Raises `OSError`."""
        history = PrivateHistory()
        self.end()
        self._turns.use_private(history)
        self.now = Keeper(self._widget, history)

    def end(self) -> None:
        """Let a private chat go, once a turn that writes into it has ended."""
        if self.private:
            self._turns.then(self.now.history.close)
        self.now = self.kept

    def close(self) -> None:
        """Let a private chat go; no turn runs any more."""
        if self.private:
            self.now.history.close()
        self.now = self.kept
