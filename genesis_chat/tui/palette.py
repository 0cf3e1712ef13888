"""The command palette: the table of actions, by group, with their keys."""

from collections.abc import Coroutine, Iterator
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.command import (
    CommandInput,
    CommandPalette,
    DiscoveryHit,
    Hit,
    Hits,
    Provider,
)
from textual.content import Content
from textual.theme import ThemeProvider
from textual.widgets import Input, LoadingIndicator
from textual.worker import Worker

from .actions import ACTIONS, Action, Keys, key_name, keys_of
from .theme.app import ThemedApp
from .widgets.fields import Line

WIDTH, GROUP = 34, 10
ID = "--command-palette"


class Palette(Provider):
    """Offers what can be done now."""

    async def discover(self) -> Hits:
        """Everything, in the order of the table's groups."""
        group = ""
        for each in self._offered():
            # Named once, as a heading beside its rows.
            heading, group = each.group if each.group != group else "", each.group
            shown = _shown(each, heading, Content(each.label), self._keys)
            yield DiscoveryHit(shown, self._does(each), each.label, _below(each))

    async def search(self, query: str) -> Hits:
        """What has the letters of a query in its name or in what it does."""
        matcher = self.matcher(query)
        for each in self._offered():
            score = max(matcher.match(each.label), matcher.match(each.text) * 0.9)
            if score > 0:
                shown = _shown(
                    each, each.group, matcher.highlight(each.label), self._keys
                )
                yield Hit(score, shown, self._does(each), each.label, _below(each))

    def _offered(self) -> Iterator[Action]:
        # Behind a dialog nothing can be done with a chat.
        dialog = self.screen.is_modal
        listed = [a for a in ACTIONS if a.group and a.does]
        groups = list(dict.fromkeys(each.group for each in listed))
        for each in sorted(listed, key=lambda a: groups.index(a.group)):
            if each.where == "application" or not dialog:
                yield each

    @property
    def _keys(self) -> Keys:
        return self.app._keymap

    def _does(self, action: Action) -> "partial[Coroutine[Any, Any, bool]]":
        return partial(self.app.run_action, action.does, self.screen)


def _shown(action: Action, heading: str, label: Content, changed: Keys) -> Content:
    keys = keys_of(action, changed)
    group = (heading.ljust(GROUP), "$text-muted")
    named = Content.assemble(group, label).truncate(WIDTH, pad=True)
    return Content.assemble(named, (key_name(keys[0]) if keys else "", "$text-accent"))


def _below(action: Action) -> str:
    """What it does, below its name."""
    return " " * GROUP + action.text


class PaletteLine(CommandInput, Line):
    """What is searched for: a line like every other one."""


class CommandSearch(CommandPalette):
    """Textual's palette, which would take no character that it does not print.

    Enter does what was found for all that was typed before it, as soon as that is.
    """

    _hasty = False

    def compose(self) -> ComposeResult:
        for each in super().compose():
            if isinstance(each, CommandInput):
                yield PaletteLine(placeholder=each.placeholder, select_on_focus=False)
            else:
                yield each

    def on_mount(self) -> None:
        # It would be drawn 16 times a second where nobody sees it.
        self.query_one(LoadingIndicator).auto_refresh = None

    @on(Input.Changed)
    def changed(self) -> None:
        self._hasty = False

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        if self._searching:
            self._hasty = True
            event.stop()
            event.prevent_default()

    @on(Worker.StateChanged)
    def searched(self, event: Worker.StateChanged) -> None:
        if self._hasty and not self._searching:
            self._hasty = False
            self._select_or_command()

    @property
    def _searching(self) -> bool:
        gather = self._GATHER_COMMANDS_GROUP
        return any(
            each.group == gather and each.node is self and not each.is_finished
            for each in self.workers
        )


class PaletteApp(ThemedApp):
    """Opens the palette."""

    COMMANDS: ClassVar = {lambda: Palette}

    def action_command_palette(self) -> None:
        """Offer what can be done."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandSearch(id=ID))

    def search_themes(self) -> None:
        """Offer the themes, in a palette like the other one."""
        looks_for = "Search for themes…"
        self.push_screen(
            CommandSearch(providers=[ThemeProvider], placeholder=looks_for)
        )
