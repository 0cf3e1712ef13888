"""Asking for a context menu."""

from textual.events import MouseEvent
from textual.geometry import Offset
from textual.message import Message
from textual.widget import Widget

from ..actions import Where

RIGHT = 3


class MenuWanted(Message):
    """What can be done here is to be offered, `at` a place of the screen.

    On its way up every widget that something can be done with adds itself.
    """

    def __init__(self, at: Offset) -> None:
        self.at = at
        self.targets: list[tuple[Where, Widget]] = []
        super().__init__()


def wants_menu(event: MouseEvent) -> bool:
    """Whether it is the right button, which is no press."""
    return event.button == RIGHT
