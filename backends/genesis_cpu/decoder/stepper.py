"""Steps of generation: one compiled piece of code for each token."""

from collections.abc import Sequence

import numpy as np

from ...stored_tensors import Float32
from ..sampling import Sampler
from ..stepper import Step, draw
from .cache import DecoderCache
from .model import DecoderModel


class DecoderStepper:
    """Runs a decoder and draws from it; see `contract.Stepper`."""

    # The processor that would run ahead is the one that waits.
    runs_ahead = False

    def __init__(
        self, model: DecoderModel, cache: DecoderCache, sampler: Sampler
    ) -> None:
        self._model, self._cache, self._sampler = model, cache, sampler
        self._hidden: Float32 | None = None
        self._token = -1

    def read(self, ids: Sequence[int]) -> None:
        """Read a part of the prompt; there are no readings."""
        self._hidden = self._model.features(np.array(ids), self._cache)

    def draw(self) -> Step:
        """The token after the prompt."""
        hidden, self._hidden = self._hidden, None
        assert hidden is not None, "nothing was read"
        return self._draw(self._model.logits(hidden))

    def follow(self) -> Step:
        """The token after the one that was drawn last."""
        return self._draw(self._model.step(self._token, self._cache))

    def _draw(self, logits: Float32) -> Step:
        drawn = draw(logits, self._sampler)
        self._token = drawn.token
        return Step(drawn)
