"""Which examples make up which batch: a function of the seed and the step alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..errors import TrainingError
from .example import Example
from .settings import TrainingSettings

# Examples of so many batches are sorted by length together: padding is rare, and no
# more than these have to be there at a time.
POOLED_BATCHES = 16
PADDING = 0


@dataclass(frozen=True, eq=False)
class Batch:
    """Examples padded at their ends: ids int32 [B, L], targets bool [B, L]."""

    ids: NDArray[np.int32]
    targets: NDArray[np.bool_]

    @classmethod
    def of(cls, examples: Sequence[Example]) -> "Batch":
        """Of one or more examples."""
        shape = len(examples), max(map(len, examples))
        ids, targets = np.full(shape, PADDING, np.int32), np.zeros(shape, np.bool_)
        for row, example in enumerate(examples):
            ids[row, : len(example)] = example.ids
            targets[row, : len(example)] = example.targets
        return cls(ids, targets)


class Batches:
    """The endless order of batches, each a list of examples of similar length.

    Every example comes once in an epoch. `epoch`, `pool` and `place` say where the
    next one stands and may be set to go on from there.
    """

    def __init__(
        self, examples: Sequence[Example], settings: TrainingSettings, vocabulary: int
    ) -> None:
        if not len(examples):
            raise TrainingError("There are no examples to train on.")
        self._examples, self._settings = examples, settings
        self._vocabulary = vocabulary
        self.epoch = self.pool = self.place = 0
        self._held: tuple[tuple[int, int], list[list[Example]]] | None = None

    def take(self) -> list[Example]:
        """The next batch. Raises `TrainingError` for an example that cannot be used."""
        batches = self._pool()
        batch = batches[self.place]
        self.place += 1
        if self.place == len(batches):
            self.pool, self.place = self.pool + 1, 0
            if self.pool * self._pool_size >= len(self._examples):
                self.epoch, self.pool = self.epoch + 1, 0
        return batch

    @property
    def _pool_size(self) -> int:
        return POOLED_BATCHES * self._settings.batch_size

    def _pool(self) -> list[list[Example]]:
        key = self.epoch, self.pool
        if self._held is None or self._held[0] != key:
            seed = self._settings.seed
            order = _order(len(self._examples), seed, self.epoch)
            start = self.pool * self._pool_size
            indices = order[start : start + self._pool_size]
            found = similar(
                self._examples, indices.tolist(), self._settings, self._vocabulary
            )
            rng = np.random.default_rng([seed, 1, self.epoch, self.pool])
            self._held = key, [found[i] for i in rng.permutation(len(found))]
        return self._held[1]


def similar(
    examples: Sequence[Example],
    indices: Sequence[int],
    settings: TrainingSettings,
    vocabulary: int,
    kind: str = "Example",
) -> list[list[Example]]:
    """The examples of these indices in batches, the shortest first.

    Raises `TrainingError`, in which `kind` is what an example is called, for one that
    is too long, or of another vocabulary.
    """
    chosen = [examples[index] for index in indices]
    for index, example in zip(indices, chosen, strict=True):
        _check(example, f"{kind} {index + 1}", settings, vocabulary)
    return list(_cut(sorted(chosen, key=len), settings))


def _cut(chosen: list[Example], settings: TrainingSettings) -> Iterator[list[Example]]:
    limit = settings.batch_tokens
    batch: list[Example] = []
    for example in chosen:
        full = len(batch) == settings.batch_size
        # The longest comes last and is what the others are padded to.
        if batch and (full or (limit and (len(batch) + 1) * len(example) > limit)):
            yield batch
            batch = []
        batch.append(example)
    if batch:
        yield batch


def _check(
    example: Example, name: str, settings: TrainingSettings, vocabulary: int
) -> None:
    if len(example) > settings.max_length:
        raise TrainingError(
            f"{name} has {len(example)} tokens, more than max_length, "
            f"which is {settings.max_length}; cut it or raise that."
        )
    low, high = example.ids.min(), example.ids.max()
    if low < 0 or high >= vocabulary:
        raise TrainingError(
            f"{name} has token ids from {low} to {high}, but the model's "
            f"vocabulary has {vocabulary}; use the model's own tokenizer."
        )


@lru_cache(maxsize=1)
def _order(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, 0, epoch]).permutation(count)
