"""Asking for a context menu."""

from textual.events import MouseEvent
from textual.geometry import Offset, Region
from textual.message import Message
from textual.widget import Widget

from ..actions import Where

RIGHT = 3


class MenuWanted(Message):
    """What can be done here is to be offered, `at` a place of the screen.

    What it is `about` stays in sight where there is room. On its way up every widget
    that something can be done with adds itself.
    """

    def __init__(self, at: Offset, about: Region | None = None) -> None:
        self.at, self.about = at, about
        self.targets: list[tuple[Where, Widget]] = []
        super().__init__()


def wants_menu(event: MouseEvent) -> bool:
    """Whether it is the right button, which is no press."""
    return event.button == RIGHT
