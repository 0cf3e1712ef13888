"""Steps of generation: the model run, and a token drawn, one step ahead."""

from collections.abc import Sequence
from typing import NamedTuple

import mlx.core as mx

from ..events import Readings
from .cache import Cache
from .model import Model
from .ops import Taps
from .readings import Pending
from .sampling import Sampler


class Step(NamedTuple):
    """A queued step: its token, what the model gives it, whether all was finite."""

    token: mx.array
    log_probability: mx.array
    finite: mx.array
    readings: Pending | None


def drawn(
    model: Model, sampler: Sampler, features: mx.array
) -> tuple[mx.array, mx.array, mx.array]:
    """The first three fields of the `Step` after a hidden vector [1, L, D]."""
    logits = model.logits(features)[0, -1].astype(mx.float32)
    token, finite = sampler(logits), mx.isfinite(logits).all()
    return token, logits[token] - mx.logsumexp(logits), finite


class Steps:
    """Runs the model and draws from it."""

    def __init__(
        self, model: Model, cache: Cache, sampler: Sampler, readings: bool
    ) -> None:
        self._model, self._cache, self._sampler = model, cache, sampler
        self._readings = readings

    def read(self, ids: Sequence[int]) -> tuple[mx.array, Readings | None]:
        """Read a part of the prompt: its last hidden vector, evaluated."""
        features, pending = self._features(mx.array([ids]))
        features = features[:, -1:]
        extra = pending.arrays() if pending else []
        mx.eval(features, self._cache.arrays(), *extra)
        mx.clear_cache()
        return features, pending.read() if pending else None

    def follow(self, token: mx.array) -> Step:
        """Queue what comes after a token, which may still be computed."""
        return self.draw(*self._features(token.reshape(1, 1)))

    def draw(self, features: mx.array, pending: Pending | None = None) -> Step:
        """Queue the token after a hidden vector."""
        token, log_probability, finite = drawn(self._model, self._sampler, features)
        extra = pending.arrays() if pending else []
        mx.async_eval(token, log_probability, finite, *extra)
        return Step(token, log_probability, finite, pending)

    def _features(self, ids: mx.array) -> tuple[mx.array, Pending | None]:
        taps = Taps() if self._readings else None
        features = self._model.features(ids, self._cache, taps)
        return features, Pending(taps) if taps else None
