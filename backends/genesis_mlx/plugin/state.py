"""What one layer remembers, as mlx-lm keeps it."""

from typing import Any, Self, cast

from ...genesis.args import LayerKind
from ..cache import LayerCache, empty_layer
from .batch import GenesisBatch


class GenesisState:
    """A layer's cache and the number of tokens `offset` that it has read.

    It can be copied deeply, saved and joined with others to a batch, but not trimmed.
    """

    def __init__(self, kind: LayerKind) -> None:
        self.kind, self.offset = kind, 0
        self.layer: LayerCache = empty_layer(kind)

    @property
    def state(self) -> dict[str, Any]:
        """Everything in it: arrays by name, and two values that are no arrays."""
        return {"kind": self.kind, "offset": self.offset, **self.layer.arrays()}

    @state.setter
    def state(self, value: dict[str, Any]) -> None:
        arrays = dict(value)
        self.kind = cast(LayerKind, arrays.pop("kind"))
        self.offset = int(arrays.pop("offset"))
        self.layer = empty_layer(self.kind)
        self.layer.restore(arrays)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """What `state` gave, as a layer's state again."""
        made = cls.__new__(cls)
        made.state = state
        return made

    @classmethod
    def merge(cls, states: list["GenesisState"]) -> GenesisBatch:
        """Several conversations' states of the same layer side by side."""
        return GenesisBatch(states)

    def copy(self) -> "GenesisState":
        """An independent state; memory is shared until either is written to."""
        other = GenesisState(self.kind)
        other.layer, other.offset = self.layer.copy(), self.offset
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> "GenesisState":
        return self.copy()

    def is_trimmable(self) -> bool:
        """No: what it has read is in sums."""
        return False

    def empty(self) -> bool:
        """Whether it has read nothing."""
        return self.offset == 0

    def size(self) -> int:
        """Tokens it has read."""
        return self.offset

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        return self.layer.nbytes
