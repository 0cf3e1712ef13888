"""What is being written, kept in the history by the chat it belongs to."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ...history import Store
from ...text import joined
from ..services.runs import UNSENT, is_another, this_run, unsent

# The place of what is folded in the draft of a place, as JSON.
FOLDS = "#folds"
Ask = Callable[[Callable[[Store], Any]], Awaitable[Any]]


class Drafts:
    """Keeps drafts; what is kept already is not written again.

    A place is a conversation's id, or empty for a new one. Where another window of
    this program writes as well, each has its own.

    Args:
        ask: asks the history.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        # None is unknown.
        self._kept: dict[str, str | None] = {}
        # Where something was written here.
        self._written: set[str] = set()
        # Where this window keeps what another one would write over.
        self._apart: dict[str, str] = {}

    async def keep(
        self,
        place: str,
        text: str,
        folded: Sequence[tuple[str, str]] = (),
        *,
        surely: bool = False,
    ) -> None:
        """Keep what is written in a place, and what is folded in it.

        With `surely` also when it should be there, which another window may change.
        """
        folds = json.dumps(folded) if folded else ""
        # Nearly no draft has any.
        more = {place + FOLDS: folds} if folds or self._has(place + FOLDS) else {}
        await self._set({place: text, **more}, surely=surely)

    async def send(self, text: str, place: str, rest: str) -> None:
        """Keep a message that is sent and not in the history yet, and what is left."""
        # The history takes the former away when it has the message.
        self._kept.pop(unsent(), None)
        await self._set({unsent(): text, place: rest})

    async def move(self, place: str, text: str) -> None:
        """A new chat has a place of its own now, and so has what is written in it."""
        # Nothing was kept there before.
        self._kept.setdefault(place, "")
        if text or self._has(""):
            await self._set({"": "", place: text})

    async def give_back(self, text: str, place: str) -> None:
        """Put a message that was not sent before the draft of its place."""

        def change(store: Store) -> None:
            at = self._apart.get(place, place)
            store.set_drafts({unsent(): "", at: joined(text, store.draft(at))})

        self._kept[place] = None
        await self._ask(change)

    async def take_unsent(self, place: str) -> None:
        """What was sent when the program was killed becomes a draft again.

        So does what a window wrote that is gone, each in the conversation it is for,
        and in a new one what was written where everything was deleted for good.
        """

        def take(store: Store) -> None:
            beside = store.drafts_beside()
            taken = {
                at
                for at, _, _ in beside
                if not at.endswith(FOLDS) and not is_another(at.partition("#")[2])
            }
            # What is folded in them is shown in full.
            folds = {at + FOLDS for at in taken}
            changed = dict.fromkeys(taken | folds, "")
            for at, text, conversation in beside:
                if at in taken:
                    sent = at.partition("#")[0] == UNSENT
                    home = place if sent else conversation or ""
                    changed[home] = joined(text, changed.get(home) or store.draft(home))
            if changed:
                store.set_drafts(changed)

        await self._ask(take)

    def read(self, store: Store, place: str) -> tuple[str, str]:
        """What the history keeps in a place, and what is folded in it."""
        at = self._apart.get(place, place)
        return store.draft(at), store.draft(at + FOLDS)

    def opened(self, place: str, text: str, folds: str) -> list[tuple[str, str]]:
        """What the history keeps in a place; names and contents of its folds."""
        self._kept |= {place: text, place + FOLDS: folds}
        return [(name, content) for name, content in json.loads(folds or "[]")]

    async def _set(self, texts: dict[str, str], *, surely: bool = False) -> None:
        known = {place: self._kept.get(place) for place in texts}
        # What was only read here is not written again, which another one may change.
        anew = self._written if surely else set()
        changed = {p: t for p, t in texts.items() if p in anew or known[p] != t}
        if changed:

            def change(store: Store) -> bool:
                own = {self._own(store, p, known[p], t): t for p, t in changed.items()}
                store.set_drafts(own)
                return True

            # The history does one after the other what it is asked.
            self._kept |= changed
            self._written |= changed.keys()
            kept = False
            try:
                kept = await self._ask(change)
            finally:
                # Whoever waits may be cancelled, and it is changed all the same.
                if not kept:
                    self._kept |= dict.fromkeys(changed)

    def _own(self, store: Store, place: str, known: str | None, text: str) -> str:
        """Where this window keeps a text: apart once another one has written there."""
        if place.endswith(FOLDS):
            of = place.removesuffix(FOLDS)
            return self._apart.get(of, of) + FOLDS
        ours = place in self._apart or known is None
        if not ours and store.draft(place) not in ("", known, text):
            self._apart[place] = f"{place}#{this_run()}"
        return self._apart.get(place, place)

    def _has(self, place: str) -> bool:
        """Whether anything may be kept in a place."""
        return self._kept.get(place, "") != ""
