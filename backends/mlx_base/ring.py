"""Computers that `mlx.launch` has started one program on, joined in a ring."""

import mlx.core as mx
import numpy as np


class Ring:
    """This program among its copies; alone it is a ring of one.

    `rank` counts from 0. Raises `RuntimeError` when the others are not reached.
    """

    def __init__(self) -> None:
        self._group = mx.distributed.init()
        self.rank, self.size = self._group.rank(), self._group.size()

    def gather(self, data: bytes) -> list[bytes]:
        """What every copy gives, by rank; all have to call it."""
        lengths = self._all(np.array([len(data)], np.int32))[:, 0]
        room = np.zeros(max(1, int(lengths.max())), np.uint8)
        room[: len(data)] = np.frombuffer(data, np.uint8)
        found = self._all(room)
        return [bytes(row[:n]) for row, n in zip(found, lengths, strict=True)]

    def _all(self, array: np.ndarray) -> np.ndarray:
        """[N] to [ranks, N]."""
        given = mx.array(array)[None]
        # The ring's operations run on the CPU alone.
        found = mx.distributed.all_gather(given, group=self._group, stream=mx.cpu)
        return np.array(found)
