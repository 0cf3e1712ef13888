"""A list to choose from."""

from textual.events import Click
from textual.widget import Widget
from textual.widgets import OptionList

from .menu_request import wants_menu


class Choices(OptionList):
    """Textual's, which would choose by whatever button of the mouse."""

    def goes_with(self, field: Widget) -> None:
        """Look as with the focus while a field has it, whose keys go through this."""

        def focus_moved(focused: bool) -> None:
            self.set_class(focused, "-driven")

        self.watch(field, "has_focus", focus_moved)

    def on_click(self, event: Click) -> None:
        if wants_menu(event):
            event.prevent_default()
