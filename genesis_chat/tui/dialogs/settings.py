"""How replies are generated: one conversation's settings."""

from dataclasses import asdict, replace
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import DescendantBlur, DescendantFocus
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static, Switch

from ...errors import UsageError
from ...setting_table import REPLY_SETTINGS, Setting
from ...settings import AUTO, GenerationSettings, SamplingDefaults
from ..widgets.fields import Line
from .panel import TitleRow

NO_THINKING = "this model has no such choice"


class OnOff(Switch):
    """A switch that says what it is."""

    def render(self) -> Content:
        """The state in a word."""
        return Content("● on" if self.value else "○ off")

    def watch_value(self, value: bool) -> None:
        """Another state: the word changes at once."""
        super().watch_value(value)
        self.refresh()


class Settings(ModalScreen[dict[str, Any] | None]):
    """Shows which settings are the defaults, and returns those that are not."""

    CSS_PATH = "settings.tcss"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+s", "accept", "Save"),
    ]

    def __init__(
        self,
        defaults: GenerationSettings,
        changed: dict[str, Any],
        title: str,
        *,
        thinking: bool = True,
        sampling: SamplingDefaults | None = None,
    ) -> None:
        super().__init__()
        # Whether the model can be told to think.
        self._thinking = thinking
        # How the model draws where a setting is "auto".
        self._sampling = sampling
        self._defaults, self._changed, self._title = defaults, changed, title

    def compose(self) -> ComposeResult:
        values = asdict(replace(self._defaults, **self._changed))
        with VerticalScroll(classes="dialog"):
            yield TitleRow(self._title, "cancel")
            for field in REPLY_SETTINGS.values():
                with Horizontal(classes="row", id=f"row-{field.name}"):
                    yield Label(field.label, classes="name")
                    value = values[field.name]
                    if field.kind is bool:
                        yield OnOff(value, id=field.name, animate=False)
                    else:
                        text = field.text(value)
                        off = field.name == "thinking" and not self._thinking
                        yield Line(text, id=field.name, compact=True, disabled=off)
                    yield Static(
                        id=f"state-{field.name}", classes="state", markup=False
                    )
            with Horizontal(classes="buttons"):
                yield Button("Save", id="accept", variant="primary")
                yield Button("Reset all", id="reset")
                yield Button("Cancel", id="cancel")
                yield Static("Ctrl+S save", classes="hint")

    def on_mount(self) -> None:
        self._show_states()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        self._mark(event.widget, focused=True)

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        self._mark(event.widget, focused=False)

    def _mark(self, widget: Widget, *, focused: bool) -> None:
        """The name of what is being changed stands out.

        `:focus-within` of a row would not reach its name.
        """
        self.query(f"#row-{widget.id}").set_class(focused, "-focused")

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
        self._show_states()
        if wrong := self.query(".-wrong Input"):
            wrong.first().focus()
        else:
            self.dismiss(self._read())

    def action_leave(self) -> None:
        self.dismiss(None)

    def _reset(self) -> None:
        for field in REPLY_SETTINGS.values():
            value = getattr(self._defaults, field.name)
            if field.kind is bool:
                self.query_one(f"#{field.name}", Switch).value = value
            else:
                text = field.text(value)
                self.query_one(f"#{field.name}", Input).value = text

    def _show_states(self) -> None:
        for field in REPLY_SETTINGS.values():
            default = getattr(self._defaults, field.name)
            state = self.query_one(f"#state-{field.name}", Static)
            meaning = field.meaning
            if field.name == "thinking" and not self._thinking:
                state.update(Content(NO_THINKING))
                continue
            text = field.shown(default, self._sampling)
            own = text.startswith(f"{AUTO} (")
            wrong = self._wrong(field)
            self.query_one(f"#row-{field.name}").set_class(bool(wrong), "-wrong")
            if wrong:
                state.update(Content.styled(wrong, "$text-error"))
            elif self._value(field) == default:
                state.update(Content(f"{text} · {meaning}" if own else meaning))
            else:
                changed = (f"changed, default {text}", "$text-warning")
                state.update(Content.assemble(changed, f" · {meaning}"))

    def _read(self) -> dict[str, Any]:
        """What is not the default. Raises `UsageError` where something is wrong."""
        values = {each.name: self._value(each) for each in REPLY_SETTINGS.values()}
        return {
            name: value
            for name, value in values.items()
            if value != getattr(self._defaults, name)
        }

    def _wrong(self, field: Setting) -> str:
        """What is wrong with a field by itself, or empty."""
        try:
            self._value(field)
        except UsageError as error:
            return str(error)
        return ""

    def _value(self, field: Setting) -> Any:
        if field.kind is bool:
            return self.query_one(f"#{field.name}", Switch).value
        return field.parse(self.query_one(f"#{field.name}", Input).value, field.label)
