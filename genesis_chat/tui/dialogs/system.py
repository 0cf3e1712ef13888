"""The system prompt of a conversation, edited in place."""

from collections.abc import Mapping

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from ...errors import GenesisChatError
from ...prompts import add
from ...text import trimmed
from ..widgets.choices import Choices
from ..widgets.fields import Area
from ..widgets.shown import line
from .confirm import AskLine, Confirm
from .editing import Editing
from .panel import TitleRow

STAYS = "Always stays in context."


class SystemPrompt(Editing):
    """A text to edit, and named prompts to take it from."""

    def __init__(self, text: str, named: Mapping[str, str]) -> None:
        super().__init__(text)
        self._named = dict(named)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield TitleRow("System prompt", "cancel")
            with Horizontal(classes="columns"):
                with Vertical(classes="named"):
                    yield Static("Named prompts", classes="group", markup=False)
                    yield Choices(
                        *(Option(line(name), name) for name in self._named),
                        markup=False,
                        compact=True,
                    )
                yield Area(
                    self._text,
                    soft_wrap=True,
                    compact=True,
                    placeholder="No system prompt",
                )
            yield Static(STAYS, id="told", classes="hint", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Save", id="accept", variant="primary")
                yield Button("Save as a named prompt", id="name")
                yield Button("Cancel", id="cancel")
                yield Static("Ctrl+S save", classes="hint")

    @on(Button.Pressed, "#name")
    def name_pressed(self) -> None:
        self._keep()

    @work(exclusive=True)
    async def _keep(self) -> None:
        """Keep the text under a name, for other chats."""
        text = trimmed(self.area.text)
        if not text:
            self._tell("Write a prompt first.")
            return
        name = await self.app.push_screen_wait(AskLine("Save as a named prompt"))
        if not name:
            return
        taken = name in self._named
        if taken and not await self.app.push_screen_wait(
            Confirm(
                "Replace prompt",
                f"There is a prompt called {name}. Replace it?",
                "Replace",
            )
        ):
            return
        try:
            kept = add(name, text, replace=taken)
        except GenesisChatError as error:
            self._tell(str(error), error=True)
            return
        self._named[kept.name] = kept.text
        if not taken:
            for listed in self.query(OptionList):
                listed.add_option(Option(line(kept.name), kept.name))
        self._tell(f"Saved as {kept.name}.")

    def _tell(self, sentence: str, *, error: bool = False) -> None:
        shown = self.query_one("#told", Static)
        style = "$text-error" if error else "$text-success"
        shown.update(line(sentence).stylize(style))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.area.text = self._named[event.option_id or ""]
        self.area.focus()

    def action_accept(self) -> None:
        self.dismiss(trimmed(self.area.text))
