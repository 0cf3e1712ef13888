"""What is being written, kept in the history by the chat it belongs to."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ...history import Store
from ..services.turns import UNSENT

# The place of what is folded in the draft of a place, as JSON.
FOLDS = "#folds"
Ask = Callable[[Callable[[Store], Any]], Awaitable[Any]]


class Drafts:
    """Keeps drafts; what is kept already is not written again.

    A place is a conversation's id, or empty for a new one.

    Args:
        ask: asks the history.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        # None is unknown.
        self._kept: dict[str, str | None] = {}

    async def keep(
        self, place: str, text: str, folded: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Keep what is written in a place, and what is folded in it."""
        folds = json.dumps(folded) if folded else ""
        # Nearly no draft has any.
        more = {place + FOLDS: folds} if folds or self._has(place + FOLDS) else {}
        await self._set({place: text, **more})

    async def send(self, text: str, place: str, rest: str) -> None:
        """Keep a message that is sent and not in the history yet, and what is left."""
        # The history takes the former away when it has the message.
        self._kept.pop(UNSENT, None)
        await self._set({UNSENT: text, place: rest})

    async def move(self, place: str, text: str) -> None:
        """A new chat has a place of its own now, and so has what is written in it."""
        # Nothing was kept there before.
        self._kept.setdefault(place, "")
        if text or self._has(""):
            await self._set({"": "", place: text})

    async def give_back(self, text: str, place: str) -> None:
        """Put a message that was not sent before the draft of its place."""

        def change(store: Store) -> None:
            store.set_drafts({UNSENT: "", place: joined(text, store.draft(place))})

        self._kept[place] = None
        await self._ask(change)

    async def take_unsent(self, place: str) -> None:
        """What was sent when the program was killed becomes a draft again."""

        def take(store: Store) -> None:
            if unsent := store.draft(UNSENT):
                text = joined(unsent, store.draft(place))
                store.set_drafts({UNSENT: "", place: text})

        await self._ask(take)

    def opened(self, place: str, text: str, folds: str) -> list[tuple[str, str]]:
        """What the history keeps in a place; names and contents of its folds."""
        self._kept |= {place: text, place + FOLDS: folds}
        return [(name, content) for name, content in json.loads(folds or "[]")]

    async def _set(self, texts: dict[str, str]) -> None:
        changed = {p: t for p, t in texts.items() if self._kept.get(p) != t}
        if changed:

            def change(store: Store) -> bool:
                store.set_drafts(changed)
                return True

            # The history does one after the other what it is asked.
            self._kept |= changed
            kept = False
            try:
                kept = await self._ask(change)
            finally:
                # Whoever waits may be cancelled, and it is changed all the same.
                if not kept:
                    self._kept |= dict.fromkeys(changed)

    def _has(self, place: str) -> bool:
        """Whether anything may be kept in a place."""
        return self._kept.get(place, "") != ""


def joined(*texts: str) -> str:
    """Texts below each other."""
    return "\n\n".join(filter(None, texts))
