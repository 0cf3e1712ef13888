"""What the mixers did with the tokens of one call, read from the device."""

from collections.abc import Sequence

import mlx.core as mx
import numpy as np
from numpy.typing import NDArray

from ..events import Readings
from .layers.trace import Trace

# By the names of a `Trace`, those of each layer.
Layers = dict[str, list[mx.array]]
Stacked = dict[str, NDArray[np.float32]]
NONE = np.zeros((0, 0, 0), np.float32)


def traced(trace: Trace | None) -> Layers:
    """The arrays that a call has left in a trace, as the mixers made them.

    They are joined by `Pending.read`, where it is no work for the device.
    """
    return {} if trace is None else vars(trace)


class Pending:
    """Readings that are computed with the step they belong to.

    Args:
        layers: as `traced` gives them.
        keys: tokens that have been read by then.
        kinds: the mixers of the model's blocks, in order.
    """

    def __init__(self, layers: Layers, keys: int, kinds: Sequence[str] = ()) -> None:
        self._arrays, self._keys, self._kinds = layers, keys, kinds

    def arrays(self) -> list[mx.array]:
        """What has to be evaluated."""
        return [array for layers in self._arrays.values() for array in layers]

    def _layers(self, kind: str) -> tuple[int, ...]:
        return tuple(n for n, each in enumerate(self._kinds, 1) if each == kind)

    def read(self) -> Readings:
        """The numbers."""
        found = {k: _stacked(layers) for k, layers in self._arrays.items() if layers}
        once = {k: found[k][0] for k in ("surprise", "confidence", "mix") if k in found}
        return Readings(
            decay=np.exp(found["log_decay"]) if "log_decay" in found else NONE,
            log_forget=found.get("log_forget", NONE),
            remaining=_remaining(found, self._keys) if "since" in found else NONE,
            surprise=once.get("surprise"),
            confidence=once.get("confidence"),
            mix=once.get("mix"),
            gla_layers=self._layers("gla"),
            fox_layers=self._layers("fox"),
        )


def _stacked(layers: list[mx.array]) -> NDArray[np.float32]:
    """Of each layer's sequences the first [layers, ...]."""
    found: NDArray[np.float32] = np.concatenate([np.asarray(a)[:1] for a in layers])
    return found


def _remaining(found: Stacked, keys: int) -> NDArray[np.float32]:
    """The products of forget gates since each of so many keys [layers, H, S]."""
    sums = found["tail_decay"]
    if "decay" in found:
        blocks = found["decay"] + found["since"][..., None]
        sums = np.concatenate([blocks, sums], axis=-1)
    remaining: NDArray[np.float32] = np.exp(sums[..., :keys])
    return remaining
