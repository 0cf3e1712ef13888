"""Steps of generation: the model run, and a token drawn, one step ahead."""

from collections.abc import Sequence
from typing import Any

import mlx.core as mx

from ..mlx_base.sampling import Drawing, Sampler, draw
from .state import State

# MLX keeps freed buffers; a long reply would hold on to ever more sizes of them.
CLEAR_EVERY = 256


class Stepper:
    """Runs a model of mlx-lm and draws from it; see `contract.Stepper`.

    The last token that was read waits for the next call: only there are logits
    wanted, and a prompt's would fill the memory.
    """

    runs_ahead = True

    def __init__(self, model: Any, state: State, sampler: Sampler) -> None:
        self._model, self._state, self._sampler = model, state, sampler
        self._waiting: mx.array | None = None
        self._count = 0

    def read(self, ids: Sequence[int]) -> None:
        """Read a part of the prompt but for its last token."""
        part = mx.array(list(ids))
        if self._waiting is not None:
            part = mx.concatenate([self._waiting, part])
        self._waiting = part[-1:]
        if part.size > 1:
            self._run(part[:-1])
            mx.eval(self._state.arrays)
            mx.clear_cache()

    def draw(self) -> Drawing:
        """Queue the token after the prompt."""
        assert self._waiting is not None, "nothing was read"
        return self.follow()

    def follow(self) -> Drawing:
        """Queue the token after the last one, which may still be computed."""
        assert self._waiting is not None, "nothing was drawn"
        drawing = draw(self._sampler, self._run(self._waiting)[0, -1])
        mx.async_eval(*drawing.arrays())
        self._waiting = drawing.token.reshape(1)
        self._count += 1
        if self._count % CLEAR_EVERY == 0:
            mx.clear_cache()
        return drawing

    def _run(self, ids: mx.array) -> mx.array:
        logits: mx.array = self._model(ids[None], cache=self._state.caches)
        self._state.offset += ids.size
        return logits
