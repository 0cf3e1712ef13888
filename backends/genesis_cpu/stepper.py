"""Steps of generation: one compiled piece of code for each token."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..contract import Drawn
from ..events import Readings
from ..stored_tensors import Float32
from .cache import Cache
from .model import Model
from .readings import Trace
from .sampling import Sampler, likeliest


@dataclass(frozen=True)
class Step:
    """A token that has been drawn; there is nothing to wait for."""

    drawn: Drawn

    def result(self) -> Drawn:
        """It."""
        return self.drawn


class Stepper:
    """Runs the model, draws from it, and reads the mixers if asked to.

    See `contract.Stepper`.
    """

    # The processor that would run ahead is the one that waits.
    runs_ahead = False

    def __init__(
        self, model: Model, cache: Cache, sampler: Sampler, readings: bool
    ) -> None:
        self._model, self._cache, self._sampler = model, cache, sampler
        self._readings = readings
        self._hidden: Float32 | None = None
        self._token = -1

    def read(self, ids: Sequence[int]) -> Readings | None:
        """Read a part of the prompt."""
        trace = self._trace(len(ids))
        self._hidden = self._model.features(np.array(ids), self._cache, trace)
        return trace.read(self._cache)

    def draw(self) -> Step:
        """The token after the prompt."""
        hidden, self._hidden = self._hidden, None
        assert hidden is not None, "nothing was read"
        return self._draw(self._model.logits(hidden), None)

    def follow(self) -> Step:
        """The token after the one that was drawn last."""
        trace = self._trace(1)
        logits = self._model.step(self._token, self._cache, trace)
        return self._draw(logits, trace.read(self._cache))

    @staticmethod
    def follow_together(steppers: "Sequence[Stepper]") -> list[Step]:
        """`follow` of several, which give no readings, in one step."""
        tokens = [each._token for each in steppers]
        caches = [each._cache for each in steppers]
        rows = steppers[0]._model.step_together(tokens, caches)
        return [
            each._draw(logits, None)
            for each, logits in zip(steppers, rows, strict=True)
        ]

    def _draw(self, logits: Float32, readings: Readings | None) -> Step:
        drawn = draw(logits, self._sampler, readings)
        self._token = drawn.token
        return Step(drawn)

    def _trace(self, tokens: int) -> Trace:
        if not self._readings:
            return Trace.none()
        return Trace.of(self._model.args, tokens, self._cache.ttt)


def draw(logits: Float32, sampler: Sampler, readings: Readings | None = None) -> Drawn:
    """Draw a token from logits [V] if all of them are finite."""
    highest = logits.max()
    # A NaN anywhere is the maximum and the minimum.
    if not np.isfinite(highest) or not np.isfinite(logits.min()):
        return Drawn(0, np.nan, False, readings)
    log_total = highest + np.log(np.exp(logits - highest).sum())
    token = sampler(logits)
    others = likeliest(logits, sampler.alternatives, log_total)
    return Drawn(token, float(logits[token] - log_total), True, readings, others)
