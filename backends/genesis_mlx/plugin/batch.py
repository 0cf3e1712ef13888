"""Conversations of different lengths side by side, each read by itself."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .state import GenesisState


class GenesisBatch:
    """One layer's states of the rows of a batch; see mlx-lm's batched generation.

    Rows that end in padding are read up to it only, as `prepare` says.
    """

    def __init__(self, rows: "Iterable[GenesisState]") -> None:
        self.rows = [row.copy() for row in rows]
        self._lengths: list[int] | None = None

    @property
    def state(self) -> list[dict[str, Any]]:
        """Everything in it, row by row."""
        return [row.state for row in self.rows]

    def prepare(
        self,
        lengths: Sequence[int] | None = None,
        right_padding: Sequence[int] | None = None,
    ) -> None:
        """Say how many tokens of each row in what is to be read are no padding."""
        self._lengths = None if lengths is None else [int(each) for each in lengths]

    def finalize(self) -> None:
        """Nothing of what is to be read now is padding."""
        self._lengths = None

    def take(self, count: int) -> list[int]:
        """How many of the next `count` tokens of each row are to be read."""
        if self._lengths is None:
            return [count] * len(self.rows)
        taken = [min(count, left) for left in self._lengths]
        self._lengths = [
            left - now for left, now in zip(self._lengths, taken, strict=True)
        ]
        return taken

    def filter(self, batch_indices: Any) -> None:
        """Keep these rows, in this order; an array or a sequence of integers."""
        kept = [int(index) for index in _listed(batch_indices)]
        self.rows = [self.rows[index] for index in kept]

    def extend(self, other: "GenesisBatch") -> None:
        """Add another batch's rows after these."""
        self.rows = [*self.rows, *other.rows]

    def extract(self, idx: int) -> "GenesisState":
        """One row's state, independent of the batch."""
        return self.rows[idx].copy()

    def is_trimmable(self) -> bool:
        """No: what it has read is in sums."""
        return False

    def empty(self) -> bool:
        """Whether no row has read anything."""
        return all(row.empty() for row in self.rows)

    def size(self) -> int:
        """Tokens the longest row has read."""
        return max((row.offset for row in self.rows), default=0)

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        return sum(row.nbytes for row in self.rows)


def _listed(indices: Any) -> list[Any]:
    return indices.tolist() if hasattr(indices, "tolist") else list(indices)
