"""What widgets ask the history, and what they tell the person."""

import asyncio
from collections.abc import Callable
from typing import Literal, TypeVar

from textual.widget import Widget

from ...errors import GenesisChatError
from ...history import Store
from ...text import drawn
from ..services.history import History

T = TypeVar("T")


class Asking:
    """Questions of a widget to the history; a notice tells when it cannot answer."""

    def __init__(self, widget: Widget, history: History) -> None:
        self._widget, self._history = widget, history

    async def __call__(self, question: Callable[[Store], T]) -> T | None:
        """What the history answers; None, and a notice, when it cannot.

        While the program ends the widgets go, and nobody waits for an answer.
        """
        found = None
        try:
            found = await self._history.call(question)
        except GenesisChatError as error:
            tell(self._widget, str(error), error=True)
        if not self._widget.children:
            raise asyncio.CancelledError
        return found


def tell(widget: Widget, sentence: str, *, error: bool = False) -> None:
    """Say something for a moment."""
    severity: Literal["error", "information"] = "error" if error else "information"
    widget.notify(drawn(sentence), severity=severity, markup=False)
