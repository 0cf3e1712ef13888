"""States after earlier turns, in memory and on disk: where a prompt goes on from."""

from collections.abc import Sequence
from dataclasses import dataclass

from .loader import LoadedModel, State
from .plan import Plan
from .snapshots import Snapshots

LIMIT_BYTES = 256 * 2**20


@dataclass(frozen=True)
class _Entry:
    read: list[int]
    switches: frozenset[str]
    state: State


class States:
    """The states of one model, least recently used first out.

    The last one is kept whatever its size.
    """

    def __init__(
        self,
        model: LoadedModel,
        snapshots: Snapshots | None,
        limit: int = LIMIT_BYTES,
    ) -> None:
        self._model, self._snapshots, self._limit = model, snapshots, limit
        self._entries: list[_Entry] = []
        self._unsaved: list[_Entry] = []

    def find(self, plan: Plan, switches: frozenset[str]) -> tuple[State, int]:
        """A state to read on with, the caller's own, and how much it has read.

        It is the one that has read most of the prompt but not all of it.
        """
        entry = self._in_memory(plan.prompt, switches)
        known = len(entry.read) if entry else 0
        if self._snapshots:
            # Of a reply's last token it is not known whether its state has read it.
            ends = [e for b in plan.boundaries for e in (b, b - 1)]
            ends = [e for e in ends if known < e < len(plan.prompt)]
            found = self._snapshots.longest(self._model, switches, plan.prompt, ends)
            if found:
                entry = _Entry(plan.prompt[: found.offset], switches, found)
                self._remember(entry)
        if entry is None:
            return self._model.new_state(switches), 0
        if self._model.features.can_copy:
            return entry.state.copy(), len(entry.read)
        # It can only be handed on: who goes back to this place reads anew.
        self._entries.remove(entry)
        return entry.state, len(entry.read)

    def keep(self, state: State, read: Sequence[int], switches: frozenset[str]) -> None:
        """Remember a state that has read these tokens."""
        entry = _Entry(list(read), switches, state)
        self._remember(entry)
        self._unsaved.append(entry)

    def save(self) -> None:
        """Keep the states on disk too that were remembered since the last time."""
        unsaved, self._unsaved = self._unsaved, []
        if self._snapshots is None or not self._model.features.can_save:
            return
        for entry in unsaved:
            self._snapshots.save(self._model, entry.state, entry.switches, entry.read)

    def clear(self) -> None:
        """Forget the states in memory."""
        self._entries.clear()
        self._unsaved.clear()

    def _in_memory(self, prompt: list[int], switches: frozenset[str]) -> _Entry | None:
        fitting = [
            entry
            for entry in self._entries
            if entry.switches == switches
            and len(entry.read) < len(prompt)
            and prompt[: len(entry.read)] == entry.read
        ]
        best = max(fitting, key=lambda entry: len(entry.read), default=None)
        if best:
            self._entries.remove(best)
            self._entries.append(best)
        return best

    def _remember(self, entry: _Entry) -> None:
        self._entries = [
            e
            for e in self._entries
            if (e.switches, e.read) != (entry.switches, entry.read)
        ]
        self._entries.append(entry)
        total = 0
        for number, each in enumerate(reversed(self._entries)):
            total += each.state.nbytes
            if number and total > self._limit:
                del self._entries[: len(self._entries) - number]
                break
