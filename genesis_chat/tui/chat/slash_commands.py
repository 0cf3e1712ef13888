"""Slash commands: what does them, and what becomes of their text."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from ...engine import check
from ...errors import UsageError
from ...setting_table import reply_setting
from ...settings import GenerationSettings
from ..actions import Action, command, takes_none, unknown_command
from .attachments import COMMAND, read_attachment
from .pane import ChatPane

# Does a command with what follows it; whether that could be done.
Handler = Callable[[str], Awaitable[bool]]


class SlashCommands:
    """Does what a text says that is a command.

    Args:
        pane: where it was written.
        defaults: the settings of new chats.
        handlers: do commands that something may follow, by the ids of actions.
        run: does any other action.
    """

    def __init__(
        self,
        pane: ChatPane,
        defaults: GenerationSettings,
        handlers: Mapping[str, Handler],
        run: Callable[[Action], Awaitable[object]],
    ) -> None:
        self._pane, self._defaults, self._run = pane, defaults, run
        self._handlers = {
            "chat.attach": self._attach,
            "chat.settings": self._set,
            "chat.system": self._system,
            **handlers,
        }

    async def do(self, text: str) -> bool:
        """Do what a text says; whether it is a command.

        What cannot be done is put back into the composer, to be put right.
        """
        _, line, last = text.rpartition("\n")
        if line and last.startswith(COMMAND):
            await self._attach_below(last.removeprefix(COMMAND).strip())
            return True
        found = command(text)
        if found is None:
            return False
        action, name, rest = found
        if not await self._do(action, name, rest):
            self._pane.composer.give_back()
        return True

    async def _do(self, action: Action | None, name: str, rest: str) -> bool:
        tell = self._pane.parts.tell
        if action is None:
            tell(unknown_command(name))
            return False
        if rest and not action.usage:
            tell(takes_none(name))
            return False
        handler = self._handlers.get(action.id)
        if handler is None or (not rest and action.does):
            await self._run(action)
            return True
        try:
            return await handler(rest)
        except UsageError as error:
            tell(str(error), error=True)
            return False

    async def _attach(self, rest: str) -> bool:
        text = await read_attachment(rest, self._pane.parts.tell)
        self._pane.composer.attach(Path(rest).name, text)
        return True

    async def _attach_below(self, path: str) -> None:
        """Put a file in place of the last line of what was sent, which names it."""
        file = None
        try:
            file = (Path(path).name, await read_attachment(path, self._pane.parts.tell))
        except UsageError as error:
            self._pane.parts.tell(str(error), error=True)
        self._pane.composer.give_back(file=file)

    async def _system(self, rest: str) -> bool:
        return await self._pane.settings.set_system(rest)

    async def _set(self, rest: str) -> bool:
        name, _, value = rest.partition(" ")
        changed = {**self._pane.chat.changed, name: reply_setting(name).parse(value)}
        defaults = asdict(self._defaults)
        changed = {k: v for k, v in changed.items() if v != defaults[k]}
        check(GenerationSettings(**{**defaults, **changed}))
        done = await self._pane.settings.set_settings(changed)
        if done:
            self._pane.parts.tell(f"{name} is {value} in this chat.")
        return done
