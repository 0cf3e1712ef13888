"""The list of slash commands under which the composer's text falls."""

from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from ..commands import COMMANDS, Command


class Completion(OptionList):
    """Commands that begin with what was typed; hidden when there are none."""

    can_focus = False

    def on_mount(self) -> None:
        self.display = False

    def offer(self, text: str) -> bool:
        """Show the commands for a text; whether there are any."""
        found = _matching(text)
        self.clear_options()
        self.add_options([Option(_shown(command), command.name) for command in found])
        self.display = bool(found)
        if found:
            self.highlighted = 0
        return bool(found)

    @property
    def chosen(self) -> Command | None:
        """The highlighted command."""
        if not self.display or self.highlighted is None:
            return None
        option = self.get_option_at_index(self.highlighted)
        return next(c for c in COMMANDS if c.name == option.id)


def _matching(text: str) -> list[Command]:
    if not text.startswith("/") or any(c.isspace() for c in text):
        return []
    return [c for c in COMMANDS if c.name.startswith(text[1:])]


def _shown(command: Command) -> Content:
    usage = f"/{command.name} {command.usage}".ljust(24)
    return Content.assemble((usage, "bold"), (command.help, "dim"))
