"""What the mixers did with the tokens of one call, read from the device."""

from collections.abc import Sequence

import mlx.core as mx
import numpy as np

from ..events import Readings
from .layers.trace import Trace


class Pending:
    """Readings that are computed with the step they belong to.

    `kinds` are the mixers of the model's blocks, in order.
    """

    def __init__(self, trace: Trace, kinds: Sequence[str] = ()) -> None:
        self._kinds = kinds
        self._arrays: dict[str, mx.array] = {}
        if trace.log_decay:
            self._arrays["decay"] = mx.exp(mx.stack([a[0] for a in trace.log_decay]))
        if trace.log_forget:
            self._arrays["log_forget"] = mx.stack([a[0] for a in trace.log_forget])
            self._arrays["remaining"] = mx.exp(mx.stack([a[0] for a in trace.since]))
        if trace.surprise is not None:
            assert trace.confidence is not None and trace.mix is not None
            self._arrays["surprise"] = trace.surprise[0]
            self._arrays["confidence"] = trace.confidence[0]
            self._arrays["mix"] = trace.mix[0]

    def arrays(self) -> list[mx.array]:
        """What has to be evaluated."""
        return list(self._arrays.values())

    def _layers(self, kind: str) -> tuple[int, ...]:
        return tuple(n for n, each in enumerate(self._kinds, 1) if each == kind)

    def read(self) -> Readings:
        """The numbers."""
        found = {k: np.array(v, np.float32) for k, v in self._arrays.items()}
        return Readings(
            decay=found.get("decay", np.zeros((0, 0, 0), np.float32)),
            log_forget=found.get("log_forget", np.zeros((0, 0, 0), np.float32)),
            remaining=found.get("remaining", np.zeros((0, 0, 0), np.float32)),
            surprise=found.get("surprise"),
            confidence=found.get("confidence"),
            mix=found.get("mix"),
            gla_layers=self._layers("gla"),
            fox_layers=self._layers("fox"),
        )
