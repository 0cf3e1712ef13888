"""States after earlier turns, in memory and on disk: where a prompt goes on from."""

from collections.abc import Sequence
from dataclasses import dataclass

from .loader import LoadedModel, State
from .plan import Plan
from .prompt.prefix import shared_length
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

        It is the one that has read most of the prompt but not all of it; where tokens
        can be taken back it may have read something else after that.
        """
        prompt = plan.prompt
        entry, known = self._in_memory(prompt, switches)
        if self._snapshots:
            # Of a reply's end it is not known how much of it its state has read: not
            # its last token yet, or what the template closes it with too.
            ends = {e for b in plan.boundaries for e in (b - 1, b, b + 1)}
            longer = [e for e in ends if known < e < len(prompt)]
            found = self._snapshots.longest(self._model, switches, prompt, longer)
            if found:
                known = found.offset
                entry = _Entry(prompt[:known], switches, found)
                self._remember(entry)
        if entry is None:
            return self._model.new_state(switches), 0
        if self._model.features.can_copy:
            state = entry.state.copy()
            if known < state.offset:
                state.trim(state.offset - known)
            return state, known
        # It can only be handed on: who goes back to this place reads anew.
        self._entries.remove(entry)
        return entry.state, known

    def keep(
        self,
        state: State,
        read: Sequence[int],
        switches: frozenset[str],
        *,
        snapshot: bool = True,
    ) -> None:
        """Remember a state that has read these tokens, with `snapshot` on disk too."""
        entry = _Entry(list(read), switches, state)
        self._remember(entry)
        if snapshot:
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

    def _in_memory(
        self, prompt: list[int], switches: frozenset[str]
    ) -> tuple[_Entry | None, int]:
        """The state that helps most, and how much of the prompt it has read."""
        features = self._model.features
        trims = features.can_trim and features.can_copy
        best, most = None, 0
        for entry in self._entries:
            if entry.switches != switches:
                continue
            shared = min(shared_length(entry.read, prompt), len(prompt) - 1)
            if shared > most and (trims or shared == len(entry.read)):
                best, most = entry, shared
        if best:
            self._entries.remove(best)
            self._entries.append(best)
        return best, most

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
