"""What the mixers did with the last tokens, as numbers to draw."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ...engine import MixerReadings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

# Gates are averaged over so many tokens, and so many tokens have a place in a curve.
WINDOW, CURVE = 64, 2048
Mixer = Literal["gla", "fox", "ttt"]


@dataclass(frozen=True)
class Layer:
    """A layer of one kind: its `index` among these, its `number` in the model."""

    mixer: Mixer
    index: int
    number: int


class Trace:
    """Gathers readings as they come; numbers are made when they are looked at."""

    def __init__(self) -> None:
        self.last: MixerReadings | None = None
        self._recent: deque[MixerReadings] = deque(maxlen=WINDOW)
        self.surprise: deque[float] = deque(maxlen=CURVE)
        self.trust: deque[float] = deque(maxlen=CURVE)
        self.mix: deque[float] = deque(maxlen=CURVE)

    def take(self, readings: MixerReadings) -> None:
        """The readings of one more step."""
        self.last = readings
        self._recent.append(readings)
        for curve, values in (
            (self.surprise, readings.surprise),
            (self.trust, readings.confidence),
            (self.mix, readings.mix),
        ):
            if values is None:
                curve.clear()
            else:
                curve.extend(values[-CURVE:].tolist())

    @property
    def read(self) -> int:
        """Tokens read so far."""
        if self.last is None:
            return 0
        return max(int(self.last.remaining.shape[-1]), self.averaged)

    @property
    def averaged(self) -> int:
        """Tokens that half-lives are averaged over."""
        return min(WINDOW, sum(int(each.decay.shape[1]) for each in self._recent))

    @property
    def layers(self) -> list[Layer]:
        """The layers that there are readings of, GLA first, test-time training last."""
        if self.last is None:
            return []
        gla, fox = len(self.last.decay), len(self.last.log_forget)
        found: list[Layer] = []
        named: tuple[tuple[Mixer, int, tuple[int, ...]], ...] = (
            ("gla", gla, self.last.gla_layers),
            ("fox", fox, self.last.fox_layers),
        )
        for mixer, many, numbers in named:
            known = numbers if len(numbers) == many else range(1, many + 1)
            found += [Layer(mixer, n, number) for n, number in enumerate(known)]
        return [*found, Layer("ttt", 0, 0)]

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
    def median_half_life(self) -> "Array":
        """The half-life of each GLA layer's middle head [layers]."""
        import numpy as np

        heads = np.sort(self.half_life, -1)
        if not heads.shape[-1]:
            return np.zeros(len(heads), np.float32)
        # The mean of two infinities is one; their difference is nothing.
        middle = heads.shape[-1] - 1
        return np.asarray(
            (heads[:, middle // 2] + heads[:, (middle + 1) // 2]) / 2, np.float32
        )

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

    @property
    def weights(self) -> "Array":
        """The weight that is left to each token, 0 to 1, mean of all FoX heads [S]."""
        import numpy as np

        if self.last is None or self.last.remaining.size == 0:
            return np.zeros(0, np.float32)
        return np.asarray(self.last.remaining.mean((0, 1)), np.float32)

    def strips(self, width: int) -> "Array":
        """What each FoX layer still sees along the conversation [layers, width].

        Each column is the mean weight of the tokens in its place, over all heads.
        """
        import numpy as np

        assert self.last is not None
        return resampled(np.asarray(self.last.remaining.mean(1)), width)


def resampled(values: "Array", width: int) -> "Array":
    """Rows [..., S] as wide as a picture: means of its columns, or steps [..., width].

    Nothing at all becomes zeros.
    """
    import numpy as np

    long = values.shape[-1]
    if not long or width < 1:
        return np.zeros((*values.shape[:-1], max(0, width)), np.float32)
    edges = np.arange(width + 1) * long // width
    starts = edges[:-1]
    ends = np.maximum(edges[1:], starts + 1)
    zero = np.zeros((*values.shape[:-1], 1))
    sums = np.concatenate([zero, np.cumsum(values, -1, dtype=np.float64)], -1)
    return np.asarray(
        (sums[..., ends] - sums[..., starts]) / (ends - starts), np.float32
    )


def _mean(arrays: "Iterable[Array]") -> "Array":
    """The mean over the last tokens of arrays [layers, tokens, heads]."""
    import numpy as np

    joined = np.concatenate(list(arrays), axis=1)
    return np.asarray(joined[:, -WINDOW:].mean(1), np.float32)
