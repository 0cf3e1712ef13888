"""Processes that train one model together, by `mx.distributed`."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import mlx.core as mx
import numpy as np
from mlx.nn.utils import average_gradients
from mlx.utils import tree_map

from ..errors import TrainingError

# Sums are float32, which has every whole number up to 2 to the 24th.
FINGERPRINT = 1 << 16


class Group:
    """This process among those that share the work; `rank` counts from 0.

    What is asked of all is asked by all, in the same order.
    """

    def __init__(self, members: mx.distributed.Group | None = None) -> None:
        self._members = mx.distributed.init() if members is None else members
        self.rank, self.size = self._members.rank(), self._members.size()

    @property
    def is_first(self) -> bool:
        """Whether this is the one that reports and writes."""
        return self.rank == 0

    def share(self, items: Sequence[Any]) -> Sequence[Any]:
        """This process's of some items; none where there are too few."""
        return items[self.rank :: self.size]

    def summed(self, *numbers: float) -> list[float]:
        """Sums over all processes, in float32."""
        values = self._sum(mx.array(numbers, mx.float32))
        found: list[float] = values.tolist()  # type: ignore[assignment]
        return found

    def summed_gradients(self, gradients: Any) -> Any:
        """Sums over all processes of a tree of arrays."""
        if self.size == 1:
            return gradients
        mx.eval(gradients)
        averages = average_gradients(gradients, self._members)
        mx.eval(averages)
        return tree_map(lambda array: array * self.size, averages)

    def of_first(self, arrays: Mapping[str, mx.array]) -> dict[str, mx.array]:
        """The first process's arrays, of the same names and shapes in all."""
        if self.size == 1:
            return dict(arrays)
        own = (lambda array: array) if self.is_first else mx.zeros_like
        # Read from a file they come in another order.
        return {name: self._sum(own(array)) for name, array in sorted(arrays.items())}

    def text_of_first(self, text: str) -> str:
        """The first process's text."""
        if self.size == 1:
            return text
        content = np.frombuffer(text.encode(), np.uint8) if self.is_first else None
        length = mx.array(0 if content is None else len(content), mx.int32)
        count = int(self._sum(length).item())  # type: ignore[arg-type]
        held = mx.zeros(count, mx.uint8) if content is None else mx.array(content)
        return bytes(np.array(self._sum(held))).decode() if count else ""

    def check_same(self, text: str) -> None:
        """Raise `TrainingError` in all processes unless all have the same text."""
        mark = zlib.crc32(text.encode()) % FINGERPRINT
        first = self.summed(mark if self.is_first else 0)[0]
        if self.summed(mark != first)[0]:
            raise TrainingError(
                "The machines have different settings, models or examples; give all "
                "of them the same files and options."
            )

    def check_all(self, problem: str | None) -> None:
        """Raise `TrainingError` in all processes if one of them has a problem."""
        failed = self.summed(problem is not None)[0]
        if problem is not None:
            raise TrainingError(problem)
        if failed:
            raise TrainingError("Training failed on another machine; see there.")

    def _sum(self, array: mx.array) -> mx.array:
        if self.size == 1:
            return array
        total = mx.distributed.all_sum(array, group=self._members, stream=mx.cpu)
        # Of several that wait, each process might begin with another one.
        mx.eval(total)
        return total
