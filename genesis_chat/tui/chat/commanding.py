"""Slash commands, and the screens behind the function keys."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields
from functools import partial
from typing import Any

from textual import work

from ...engine import check
from ...errors import GenesisChatError, UsageError
from ...settings import GenerationSettings, parse_setting
from ..actions import command, takes_none, unknown_command
from ..dialogs.settings import Settings
from ..dialogs.system import SystemPrompt
from .attaching import ATTACH, Attaching
from .base import changed_settings


class Commanding(Attaching):
    """What `/` offers; each command is an action that a key may have too."""

    @property
    def commands(self) -> dict[str, Callable[[str], Awaitable[None]]]:
        """What does a command that something may follow."""
        return {
            "app.models": self.command_model,
            "app.theme": self.command_theme,
            "chat.system": self.command_system,
            "chat.settings": self.command_set,
            "chat.export": self.command_export,
            "chat.search": self.command_search,
            "chat.rename": self.command_title,
            "chat.attach": self.command_attach,
        }

    async def command(self, text: str) -> bool:
        last = text[text.rfind("\n") + 1 :]
        if "\n" in text and last.startswith(ATTACH):
            await self._attach_below(last.removeprefix(ATTACH).strip())
            return True
        found = command(text)
        if found is None:
            return False
        action, name, rest = found
        if action is None or (rest and not action.usage):
            self.tell(unknown_command(name) if action is None else takes_none(name))
            self.composer.give_back()
            return True
        errors = self.errors
        if action.id in self.commands:
            await self.commands[action.id](rest)
        else:
            await self.run_action(action.does)
        if self.errors > errors:
            # It can be put right.
            self.composer.give_back()
        return True

    async def command_system(self, rest: str) -> None:
        if rest:
            await self._set_system(rest)
        else:
            self.action_system()

    async def command_model(self, rest: str) -> None:
        if rest:
            self.genesis.use_model(rest)
        else:
            self.genesis.action_models()

    async def command_set(self, rest: str) -> None:
        if not rest:
            self.action_settings()
            return
        name, _, value = rest.partition(" ")
        try:
            changed = {**self.changed, name: parse_setting(name, value)}
            defaults = asdict(self.start.settings)
            changed = {k: v for k, v in changed.items() if v != defaults[k]}
            check(GenerationSettings(**{**defaults, **changed}))
        except UsageError as error:
            self.tell(str(error), error=True)
            return
        await self._set_settings(changed)
        self.tell(f"{name} is {value} in this chat.")

    async def command_export(self, rest: str) -> None:
        if self._begun() and (not rest or self.export_target(rest)):
            self.export(self.opened_id, rest)

    async def command_search(self, rest: str) -> None:
        self.action_search()
        if rest:
            from textual.widgets import Input

            self.sidebar.query_one(Input).value = rest

    async def command_title(self, rest: str) -> None:
        if not rest:
            self.action_rename_chat()
        elif self._begun():
            await self.set_title(self.opened_id, rest)

    async def command_theme(self, rest: str) -> None:
        if not rest:
            self.app.search_themes()
        elif rest in self.app.available_themes:
            self.app.theme = rest
        else:
            names = ", ".join(sorted(self.app.available_themes))
            self.tell(f"There is no theme {rest!r}; there are: {names}.", error=True)

    async def action_delete_chat(self) -> None:
        if self.conversation:
            await self.trash(self.conversation.id)
        else:
            await self.open(None)

    @work
    async def action_system(self) -> None:
        named = self._named_prompts()
        text = await self.app.push_screen_wait(SystemPrompt(self.system, named))
        if text is not None:
            await self._set_system(text)

    def _named_prompts(self) -> dict[str, str]:
        from ...prompts import prompts

        tell = partial(self.tell, error=True)
        try:
            return {each.name: each.text for each in prompts(tell)}
        except GenesisChatError as error:
            tell(str(error))
            return {}

    async def _set_system(self, text: str) -> None:
        self.system = text
        if self.conversation:
            id = self.conversation.id
            await self.ask(lambda s: s.set_system(id, text))
            self.conversation = await self.ask(lambda s: s.find(id))
        self.tell("The system prompt is set for this chat.")
        self.turns.measure(self.turn())

    @work
    async def action_settings(self) -> None:
        title = "Settings of this chat"
        model = self.genesis.model
        told = model is None or model.thinking_is_switched
        found = await self.app.push_screen_wait(
            Settings(self.start.settings, self.changed, title, thinking=told)
        )
        if found is not None:
            await self._set_settings(found)

    async def _set_settings(self, changed: dict[str, Any]) -> None:
        self.changed = changed_settings(changed)
        if self.conversation:
            id = self.conversation.id
            await self.ask(lambda s: s.set_settings(id, self.changed))
        names = {field.name for field in fields(GenerationSettings)}
        assert names >= self.changed.keys()
        self.turns.measure(self.turn())
