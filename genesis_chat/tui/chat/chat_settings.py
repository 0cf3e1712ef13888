"""How replies are made in the open chat."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from ...history import Conversation, Store
from ...settings import GenerationSettings, SamplingDefaults
from ..widgets.composer_panel import ComposerPanel
from .named_prompts import named_prompts
from .open_chat import changed_settings
from .parts import Parts


class ChatSettings:
    """Gives the open chat another system prompt, or other settings.

    Args:
        parts: the open chat.
        panel: says what the next reply is made with.
    """

    def __init__(self, parts: Parts, panel: ComposerPanel) -> None:
        self._parts, self._panel = parts, panel

    def show(self) -> None:
        """Say what the next reply is made with."""
        self._panel.settings(self._parts.chat.settings, self._sampling)

    def named(self) -> Iterator[tuple[str, str]]:
        """The settings by name, with what they are."""
        return self._parts.chat.named_settings(self._sampling)

    @property
    def _sampling(self) -> SamplingDefaults | None:
        model = self._parts.model
        return model.sampling if model else None

    async def ask_system(self) -> None:
        """Ask for another system prompt."""
        from ..dialogs.system import SystemPrompt

        parts = self._parts
        named = named_prompts(partial(parts.tell, error=True))
        dialog = SystemPrompt(parts.chat.system, named)
        text = await parts.pane.app.push_screen_wait(dialog)
        if text is not None:
            await self.set_system(text)

    async def set_system(self, text: str) -> bool:
        """Give the open chat another system prompt."""
        id = self._parts.chat.id
        if id:

            def change(store: Store) -> Conversation:
                store.set_system(id, text)
                return store.find(id)

            found = await self._parts.ask(change)
            if found is None:
                return False
            self._parts.chat.conversation = found
        self._parts.chat.system = text
        self._parts.tell("System prompt updated.")
        self._parts.measure()
        return True

    async def ask_settings(self, defaults: GenerationSettings) -> None:
        """Ask for other settings than those of new chats."""
        from ..dialogs.settings import Settings

        parts, model = self._parts, self._parts.model
        dialog = Settings(
            defaults,
            parts.chat.changed,
            "Chat settings",
            thinking=model is None or model.thinking_is_switched,
            sampling=self._sampling,
        )
        found = await parts.pane.app.push_screen_wait(dialog)
        if found is not None:
            await self.set_settings(found)

    async def set_settings(self, changed: dict[str, Any]) -> bool:
        """Give the open chat settings other than the defaults."""
        known, id = changed_settings(changed), self._parts.chat.id

        def change(store: Store) -> bool:
            store.set_settings(id, known)
            return True

        if id and not await self._parts.ask(change):
            return False
        self._parts.chat.changed = known
        self.show()
        self._parts.measure()
        return True
