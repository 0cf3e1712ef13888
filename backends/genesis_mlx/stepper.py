"""Steps of generation: the model run, and a token drawn, one step ahead."""

from collections.abc import Sequence
from typing import NamedTuple

import mlx.core as mx

from ..contract import Drawn
from ..events import Readings
from ..mlx_base.sampling import Drawing, Sampler, draw
from .cache import Cache
from .layers.trace import Trace
from .model import Model
from .readings import Pending

# MLX keeps freed buffers; a long reply would hold on to ever more sizes of them.
CLEAR_EVERY = 256


class Step(NamedTuple):
    """A queued step: its draw, and what the mixers tell of it."""

    drawing: Drawing
    readings: Pending | None

    def result(self) -> Drawn:
        """Wait for it."""
        drawn = self.drawing.result()
        if self.readings is None or not drawn.finite:
            return drawn
        return drawn._replace(readings=self.readings.read())


def drawn(model: Model, sampler: Sampler, features: mx.array) -> Drawing:
    """The draw after a hidden vector [1, L, D]."""
    return draw(sampler, model.logits(features)[0, -1])


class Stepper:
    """Runs the model and draws from it, all of it queued; see `contract.Stepper`."""

    runs_ahead = True

    def __init__(
        self, model: Model, cache: Cache, sampler: Sampler, readings: bool
    ) -> None:
        self._model, self._cache, self._sampler = model, cache, sampler
        self._readings = readings
        self._hidden: mx.array | None = None
        self._token: mx.array | None = None
        self._count = 0

    def read(self, ids: Sequence[int]) -> Readings | None:
        """Read a part of the prompt, evaluated."""
        features, pending = self._features(mx.array([ids]))
        self._hidden = features[:, -1:]
        extra = pending.arrays() if pending else []
        mx.eval(self._hidden, self._cache.arrays(), *extra)
        mx.clear_cache()
        return pending.read() if pending else None

    def draw(self) -> Step:
        """Queue the token after the prompt."""
        hidden, self._hidden = self._hidden, None
        assert hidden is not None, "nothing was read"
        return self._draw(hidden, None)

    def follow(self) -> Step:
        """Queue the token after the last one, which may still be computed."""
        assert self._token is not None, "nothing was drawn"
        return self._draw(*self._features(self._token.reshape(1, 1)))

    def _draw(self, features: mx.array, pending: Pending | None) -> Step:
        drawing = drawn(self._model, self._sampler, features)
        extra = pending.arrays() if pending else []
        mx.async_eval(*drawing.arrays(), *extra)
        self._token = drawing.token
        self._count += 1
        if self._count % CLEAR_EVERY == 0:
            mx.clear_cache()
        return Step(drawing, pending)

    def _features(self, ids: mx.array) -> tuple[mx.array, Pending | None]:
        trace = Trace() if self._readings else None
        features = self._model.features(ids, self._cache, trace)
        kinds = self._model.args.layer_kinds
        return features, Pending(trace, kinds) if trace else None
