"""Examples as token ids in one file, from which a training takes one at a time."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from backends.mlx_training import Example

from .data import SPLITS


class StoredExamples(Sequence[Example]):
    """Examples one behind the other.

    Args:
        ids: of all of them, int32 [N].
        targets: which of them are, bool [N].
        ends: where each example ends, int64 [examples].
    """

    def __init__(
        self,
        ids: NDArray[np.int32],
        targets: NDArray[np.bool_],
        ends: NDArray[np.int64],
    ) -> None:
        self._ids, self._targets, self._ends = ids, targets, ends

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Example]: ...
    def __getitem__(self, index: int | slice) -> Example | Sequence[Example]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        place = slice(int(self._ends[at - 1]) if at else 0, int(self._ends[at]))
        return Example(self._ids[place], self._targets[place])


def write_examples(path: Path, splits: Mapping[str, Sequence[Example]]) -> None:
    """Write the examples of every split. Raises `OSError`."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for name in SPLITS:
        examples = splits.get(name, ())
        nothing_i, nothing_b = np.zeros(0, np.int32), np.zeros(0, np.bool_)
        arrays[f"{name}.ids"] = np.concatenate([nothing_i, *(e.ids for e in examples)])
        arrays[f"{name}.targets"] = np.concatenate(
            [nothing_b, *(e.targets for e in examples)]
        )
        arrays[f"{name}.ends"] = np.cumsum([len(e.ids) for e in examples], dtype=int)
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # its stubs know no mapping


def read_examples(path: Path) -> dict[str, StoredExamples]:
    """What `write_examples` wrote. Raises `OSError`, `KeyError`, `ValueError`."""
    with np.load(path) as found:
        return {
            name: StoredExamples(
                *(found[f"{name}.{part}"] for part in ("ids", "targets", "ends"))
            )
            for name in SPLITS
        }
