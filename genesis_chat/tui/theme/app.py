"""An application that wears a theme, and remembers which."""

import difflib
from collections.abc import Sequence

from textual import work
from textual.binding import Binding
from textual.filter import LineFilter
from textual.theme import Theme

from ...config import set_value
from ...errors import GenesisChatError
from ...paths import themes_directory
from ..actions import key_name
from ..terminal.terminal import TerminalApp
from .roles import variables
from .themes import AUTO, GENESIS_DARK, GENESIS_LIGHT, read_themes


class ThemedApp(TerminalApp):
    """Our themes, Textual's and a person's own; one set of roles for all of them.

    `dark_terminal` is whether the terminal's background is dark, as far as is known.
    """

    dark_terminal = True

    def __init__(self) -> None:
        # Textual asks for them before it is made.
        self._variables: dict[str, dict[str, str]] = {}
        super().__init__()
        # What is wrong with a person's own themes.
        self.theme_problems: list[str] = []
        # The one that was asked for, which may be `auto`.
        self._worn = AUTO
        # The one that the settings name; None while none is to be remembered.
        self._kept: str | None = None
        for ours in (GENESIS_DARK, GENESIS_LIGHT):
            self.register_theme(ours)

    @property
    def current_theme(self) -> Theme:
        """The theme that is worn; without colours those of the terminal are none."""
        theme = super().current_theme
        return GENESIS_DARK if self.no_color and theme.ansi else theme

    def get_css_variables(self) -> dict[str, str]:
        """The roles of the theme that is worn."""
        theme = self.current_theme
        if theme.name not in self._variables:
            made = variables(theme, colourless=self.no_color)
            self._variables[theme.name] = made
        self.theme_variables = self._variables[theme.name]
        return self.theme_variables

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line goes through before it is written."""
        filters = super().get_line_filters()
        if self.no_color or not self.native_ansi_color:
            return filters
        from .reversed import REVERSED

        return [*filters, REVERSED]

    def get_key_display(self, binding: Binding) -> str:
        """A key as people write it."""
        return key_name(binding.key)

    def read_own_themes(self) -> None:
        """Make the themes of the configuration's folder known."""
        themes, self.theme_problems = read_themes(themes_directory())
        for theme in themes:
            self.register_theme(theme)

    def theme_names(self) -> list[str]:
        """What can be chosen, ours first."""
        ours = [AUTO, GENESIS_DARK.name, GENESIS_LIGHT.name]
        return [*ours, *sorted(self.available_themes.keys() - set(ours))]

    def wear(self, name: str) -> str:
        """Wear a theme; a sentence when there is none of that name."""
        if name not in self.theme_names():
            near = difflib.get_close_matches(name, self.theme_names(), 1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            return f"No theme called {name!r}. {hint}/theme lists them."
        self._worn = name
        self.theme = self._suited() if name == AUTO else name
        self._keep_worn()
        return ""

    def remember_themes(self) -> None:
        """From now on another start has the colours of this one."""
        self._kept = self._worn
        self.theme_changed_signal.subscribe(self, self._theme_changed)

    def _suited(self) -> str:
        """The theme for this terminal."""
        if self.console.color_system == "standard":
            # Of sixteen colours the terminal's own are the ones that go together.
            return "ansi-dark" if self.dark_terminal else "ansi-light"
        return (GENESIS_DARK if self.dark_terminal else GENESIS_LIGHT).name

    def _theme_changed(self, theme: Theme) -> None:
        # The palette wears themes by itself.
        if theme.name != (self._suited() if self._worn == AUTO else self._worn):
            self._worn = theme.name
        self._keep_worn()

    def _keep_worn(self) -> None:
        if self._kept not in (None, self._worn):
            self._kept = self._worn
            self._keep_theme(self._worn)

    @work(thread=True)
    def _keep_theme(self, name: str) -> None:
        try:
            set_value("theme", name)
        except GenesisChatError as error:
            self.call_from_thread(self.theme_not_kept, str(error))

    def theme_not_kept(self, sentence: str) -> None:
        """The settings file cannot be written."""
        self.notify(sentence, severity="error", markup=False)
