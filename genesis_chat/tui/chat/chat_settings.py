"""How replies are made in the open chat."""

from collections.abc import Callable
from typing import Any

from ...history import Conversation, Store
from .open_chat import changed_settings
from .parts import Parts


class ChatSettings:
    """Gives the open chat another system prompt, or other settings.

    Args:
        parts: the open chat.
        changed: is called when it has other settings.
    """

    def __init__(self, parts: Parts, changed: Callable[[], object]) -> None:
        self._parts, self._changed = parts, changed

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

    async def set_settings(self, changed: dict[str, Any]) -> bool:
        """Give the open chat settings other than the defaults."""
        known, id = changed_settings(changed), self._parts.chat.id

        def change(store: Store) -> bool:
            store.set_settings(id, known)
            return True

        if id and not await self._parts.ask(change):
            return False
        self._parts.chat.changed = known
        self._changed()
        self._parts.measure()
        return True
