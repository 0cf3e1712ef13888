"""How replies are generated: one conversation's settings."""

from dataclasses import asdict, fields, replace
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static, Switch

from ...engine import check
from ...errors import UsageError
from ...settings import GenerationSettings, parse_setting, setting_text
from ..widgets.fields import Line
from ..widgets.shown import plain

MEANING = {
    "max_tokens": "longest reply, in tokens; auto is what fits",
    "temperature": "0 takes the likeliest token, more is livelier",
    "top_k": "choose among so many tokens, 0 among all",
    "top_p": "choose among tokens of this probability in sum",
    "min_p": "drop what is less likely than this share of the best",
    "repetition_penalty": "above 1 avoids what was said",
    "seed": "same seed, same reply; empty draws a new one",
    "ttt": "adapt the model while it reads (test-time training)",
    "thinking": "whether models think first: on, off, or auto (their own way)",
}
NO_THINKING = "not for this model, which cannot be told"


class Settings(ModalScreen[dict[str, Any] | None]):
    """Shows which settings are the defaults, and returns those that are not."""

    CSS_PATH = "settings.tcss"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+s", "accept", "Accept"),
    ]

    def __init__(
        self,
        defaults: GenerationSettings,
        changed: dict[str, Any],
        title: str,
        *,
        thinking: bool = True,
    ) -> None:
        super().__init__()
        # Whether the model can be told to think.
        self._thinking = thinking
        self._defaults, self._changed, self._title = defaults, changed, title

    def compose(self) -> ComposeResult:
        values = asdict(replace(self._defaults, **self._changed))
        with VerticalScroll(classes="dialog"):
            yield Static(Content(self._title), classes="title")
            for field in fields(GenerationSettings):
                with Horizontal(classes="row"):
                    yield Label(field.name, classes="name")
                    value = values[field.name]
                    if field.type is bool:
                        yield Switch(value, id=field.name, animate=False)
                    else:
                        text = setting_text(field.name, value)
                        off = field.name == "thinking" and not self._thinking
                        yield Line(text, id=field.name, compact=True, disabled=off)
                    yield Static(
                        id=f"state-{field.name}", classes="state", markup=False
                    )
            yield Static("", id="problem", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Accept (Ctrl+S)", id="accept", variant="primary")
                yield Button("All defaults", id="reset")
                yield Button("Cancel", id="cancel")

    def on_mount(self) -> None:
        self._show_states()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._show_states()

    def on_switch_changed(self, event: Switch.Changed) -> None:
        self._show_states()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.action_accept()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        match event.button.id:
            case "accept":
                self.action_accept()
            case "reset":
                self._reset()
            case _:
                self.action_leave()

    def action_accept(self) -> None:
        found = self._read()
        if found is not None:
            self.dismiss(found)

    def action_leave(self) -> None:
        self.dismiss(None)

    def _reset(self) -> None:
        for field in fields(GenerationSettings):
            value = getattr(self._defaults, field.name)
            if field.type is bool:
                self.query_one(f"#{field.name}", Switch).value = value
            else:
                text = setting_text(field.name, value)
                self.query_one(f"#{field.name}", Input).value = text

    def _show_states(self) -> None:
        self._read()
        for field in fields(GenerationSettings):
            default = getattr(self._defaults, field.name)
            state = self.query_one(f"#state-{field.name}", Static)
            if field.name == "thinking" and not self._thinking:
                state.update(Content.styled(NO_THINKING, "dim"))
                continue
            text = setting_text(field.name, default) or "none"
            try:
                same = self._value(field.name, field.type) == default
            except UsageError:
                same = False
            line = Content.assemble(
                ("same as default", "dim") if same else (f"default {text}", "$warning"),
                (f" · {MEANING[field.name]}", "dim"),
            )
            state.update(line)

    def _read(self) -> dict[str, Any] | None:
        """What is not the default; None, and a sentence, when something is wrong."""
        problem = self.query_one("#problem", Static)
        found: dict[str, Any] = {}
        try:
            for field in fields(GenerationSettings):
                value = self._value(field.name, field.type)
                if value != getattr(self._defaults, field.name):
                    found[field.name] = value
            check(replace(self._defaults, **found))
        except UsageError as error:
            problem.update(plain(str(error)))
            return None
        problem.update("")
        return found

    def _value(self, name: str, kind: object) -> Any:
        if kind is bool:
            return self.query_one(f"#{name}", Switch).value
        return parse_setting(name, self.query_one(f"#{name}", Input).value)
