"""What the mixers did with the last tokens."""

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...engine import MixerReadings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

# Gates are averaged over so many tokens, and so many tokens have a place in a curve.
WINDOW, CURVE = 64, 256


class Trace:
    """Gathers readings as they come; numbers are made when they are looked at."""

    def __init__(self) -> None:
        self.last: MixerReadings | None = None
        self._recent: deque[MixerReadings] = deque(maxlen=WINDOW)
        self.surprise: deque[float] = deque(maxlen=CURVE)
        self.confidence: deque[float] = deque(maxlen=CURVE)
        self.mix: deque[float] = deque(maxlen=CURVE)

    def take(self, readings: MixerReadings) -> None:
        """The readings of one more step."""
        self.last = readings
        self._recent.append(readings)
        for curve, values in (
            (self.surprise, readings.surprise),
            (self.confidence, readings.confidence),
            (self.mix, readings.mix),
        ):
            if values is None:
                curve.clear()
            else:
                curve.extend(values[-CURVE:].tolist())

    @property
    def half_life(self) -> "Array":
        """Tokens that halve a GLA state at the mean pace of the window [layers, heads].

        Infinite for a head that keeps everything.
        """
        import numpy as np

        # A gate that closes altogether has no logarithm; this is one token's work.
        logs = [np.log(np.maximum(r.decay, 1e-30)) for r in self._recent]
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(2) / np.abs(_mean(logs)), np.float32)

    @property
    def gate(self) -> "Array":
        """The geometric mean of FoX's forget gates in the window [layers, heads]."""
        import numpy as np

        return np.exp(_mean(r.log_forget for r in self._recent))

    @property
    def reach(self) -> "Array":
        """FoX's effective context: the weights left to all tokens, added up.

        In tokens [layers, heads]; as many as there are when nothing is forgotten.
        """
        import numpy as np

        assert self.last is not None
        return np.asarray(self.last.remaining.sum(-1), np.float32)

    def seen(self) -> list[float]:
        """What is left of each message that `starts` names, 0 to 1, over all heads.

        The mean of the weights that its tokens can still receive from the last one.
        """
        import numpy as np

        if self.last is None or self.last.remaining.size == 0:
            return []
        weights = self.last.remaining.mean((0, 1))
        ends = (*self.last.starts[1:], len(weights))
        return [
            float(np.mean(weights[start:end])) if start < min(end, len(weights)) else 1
            for start, end in zip(self.last.starts, ends, strict=True)
        ]


def _mean(arrays: "Iterable[Array]") -> "Array":
    """The mean over the last tokens of arrays [layers, tokens, heads]."""
    import numpy as np

    joined = np.concatenate(list(arrays), axis=1)
    return np.asarray(joined[:, -WINDOW:].mean(1), np.float32)
