"""Steps of generation: the model run, and a token drawn, one step ahead."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import mlx.core as mx

from ..contract import Drawn
from ..mlx_base.sampling import Sampler
from .state import State

# MLX keeps freed buffers; a long reply would hold on to ever more sizes of them.
CLEAR_EVERY = 256


class Step(NamedTuple):
    """A queued step: its token, what the model gives it, whether all was finite."""

    token: mx.array
    log_probability: mx.array
    finite: mx.array

    def result(self) -> Drawn:
        """Wait for it."""
        finite = bool(self.finite.item())
        token: int = self.token.item()  # type: ignore[assignment]  # of an integer array
        likely: float = self.log_probability.item()  # type: ignore[assignment]
        return Drawn(token, likely, finite)


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

    def draw(self) -> Step:
        """Queue the token after the prompt."""
        assert self._waiting is not None, "nothing was read"
        return self.follow()

    def follow(self) -> Step:
        """Queue the token after the last one, which may still be computed."""
        assert self._waiting is not None, "nothing was drawn"
        logits = self._run(self._waiting)[0, -1].astype(mx.float32)
        token, finite = self._sampler(logits), mx.isfinite(logits).all()
        likely = logits[token] - mx.logsumexp(logits)
        mx.async_eval(token, likely, finite)
        self._waiting = token.reshape(1)
        self._count += 1
        if self._count % CLEAR_EVERY == 0:
            mx.clear_cache()
        return Step(token, likely, finite)

    def _run(self, ids: mx.array) -> mx.array:
        logits: mx.array = self._model(ids[None], cache=self._state.caches)
        self._state.offset += ids.size
        return logits
