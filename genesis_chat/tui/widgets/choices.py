"""A list to choose from."""

from textual.events import Click
from textual.widgets import OptionList

from .menu_request import wants_menu


class Choices(OptionList):
    """Textual's, which would choose by whatever button of the mouse."""

    def on_click(self, event: Click) -> None:
        if wants_menu(event):
            event.prevent_default()
