"""What the mixers did with the tokens of one call, read from the device."""

from collections.abc import Sequence

import mlx.core as mx
import numpy as np

from ..events import Readings
from .layers.trace import Trace

Arrays = dict[str, mx.array]
NONE = np.zeros((0, 0, 0), np.float32)


def traced(trace: Trace | None) -> Arrays:
    """What a call has left in a trace, in the arrays of `Readings` by their names.

    `remaining` may have more keys than there are.
    """
    found: Arrays = {}
    if trace is None:
        return found
    if trace.log_decay:
        found["decay"] = mx.exp(_first(trace.log_decay))
    if trace.log_forget:
        found["log_forget"] = _first(trace.log_forget)
        found["remaining"] = mx.exp(_first(trace.since))
    if trace.surprise is not None:
        assert trace.confidence is not None and trace.mix is not None
        found["surprise"] = trace.surprise[:1].squeeze(0)
        found["confidence"] = trace.confidence[:1].squeeze(0)
        found["mix"] = trace.mix[:1].squeeze(0)
    return found


def _first(layers: list[mx.array]) -> mx.array:
    """Of each layer's sequences the first, by slices, which are views."""
    return mx.concatenate([array[:1] for array in layers])


class Pending:
    """Readings that are computed with the step they belong to.

    Args:
        arrays: as `traced` gives them.
        keys: tokens that have been read by then.
        kinds: the mixers of the model's blocks, in order.
    """

    def __init__(self, arrays: Arrays, keys: int, kinds: Sequence[str] = ()) -> None:
        self._arrays, self._keys, self._kinds = arrays, keys, kinds

    def arrays(self) -> list[mx.array]:
        """What has to be evaluated."""
        return list(self._arrays.values())

    def _layers(self, kind: str) -> tuple[int, ...]:
        return tuple(n for n, each in enumerate(self._kinds, 1) if each == kind)

    def read(self) -> Readings:
        """The numbers."""
        found = {k: np.array(v, np.float32) for k, v in self._arrays.items()}
        return Readings(
            decay=found.get("decay", NONE),
            log_forget=found.get("log_forget", NONE),
            remaining=found.get("remaining", NONE)[..., : self._keys],
            surprise=found.get("surprise"),
            confidence=found.get("confidence"),
            mix=found.get("mix"),
            gla_layers=self._layers("gla"),
            fox_layers=self._layers("fox"),
        )
