"""Steps of generation: the model run, and a token drawn, one step ahead."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import mlx.core as mx

from ..contract import Drawn
from ..events import Readings
from ..mlx_base import kernels
from ..mlx_base.device import on_metal
from ..mlx_base.sampling import Drawing, Occurred, Sampler
from ..mlx_base.self_check import FAILURES
from .cache import Cache
from .decoding import Decodings, drawing_of
from .layers.trace import Trace
from .model import Model
from .readings import Pending, traced
from .self_check import replace_failing

# MLX keeps freed buffers; a long reply would hold on to ever more sizes of them.
CLEAR_EVERY = 256


class Point(NamedTuple):
    """All that decides how a reply goes on; `token` is the last one drawn."""

    cache: Cache
    sampler: Sampler
    hidden: mx.array | None
    token: mx.array | None


class Step:
    """A queued step, and the point after it."""

    def __init__(self, stepper: "Stepper", first: bool) -> None:
        self.first = first
        self._stepper = stepper
        self.drawing: Drawing
        self.pending: Pending | None
        self.after: Point

    def result(self) -> Drawn:
        """Wait for it."""
        return self._stepper.result(self)

    def read(self) -> Drawn:
        """Its numbers; raises what the device says if it could not compute them."""
        drawn = self.drawing.result()
        if self.pending is None or not drawn.finite:
            return drawn
        return drawn._replace(readings=self.pending.read())


class Stepper:
    """Runs the model and draws from it, all of it queued; see `contract.Stepper`.

    Where a Metal kernel fails, MLX operations take its place and whatever is not known
    yet is computed again; `report` is told so. Attributes: the `cache` and the
    `sampler` that it updates, and `token`, the one drawn last [1, 1].
    """

    runs_ahead = True

    def __init__(
        self,
        model: Model,
        cache: Cache,
        sampler: Sampler,
        readings: bool,
        decodings: Decodings,
        report: Callable[[str], None],
    ) -> None:
        self._model, self.cache, self.sampler = model, cache, sampler
        self._readings, self._decodings, self._report = readings, decodings, report
        self._hidden: mx.array | None = None
        self.token: mx.array | None = None
        self._known = self._point()
        self._queued: list[Step] = []
        self._count = 0

    def read(self, ids: Sequence[int]) -> Readings | None:
        """Read a part of the prompt, evaluated."""
        while True:
            try:
                found = self._read(mx.array([ids]))
                break
            except FAILURES as failure:
                self._go_back(failure)
        self._known = self._point()
        mx.clear_cache()
        return found

    def draw(self) -> Step:
        """Queue the token after the prompt."""
        assert self._hidden is not None, "nothing was read"
        return self._queue(Step(self, first=True))

    def follow(self) -> Step:
        """Queue the token after the last one, which may still be computed."""
        assert self.token is not None, "nothing was drawn"
        return self._queue(Step(self, first=False))

    def result(self, step: Step) -> Drawn:
        """What a step has found, which is the oldest of those queued."""
        while True:
            try:
                found = step.read()
                break
            except FAILURES as failure:
                self._queue_again(failure)
        self._queued.remove(step)
        self._known = step.after
        return found

    def follow_by(self, drawing: Drawing, occurred: Occurred) -> None:
        """Go on after a token that was drawn elsewhere, as `cache` already does."""
        self.sampler.advance(occurred)
        self.token = drawing.token.reshape(1, 1)
        self._known = self._point()

    def _read(self, ids: mx.array) -> Readings | None:
        features, pending = self._features(ids)
        self._hidden = features[:, -1:]
        extra = pending.arrays() if pending else []
        mx.eval(self._hidden, self.cache.held(), *extra)
        return pending.read() if pending else None

    def _queue(self, step: Step) -> Step:
        self._queued.append(step)
        try:
            self._compute(step)
        except FAILURES as failure:
            self._queue_again(failure)
        self._count += 1
        if self._count % CLEAR_EVERY == 0:
            mx.clear_cache()
        return step

    def _queue_again(self, failure: Exception) -> None:
        """Compute all that is not known without the kernels that have failed."""
        while True:
            self._go_back(failure)
            try:
                for step in self._queued:
                    self._compute(step)
                return
            except FAILURES as another:
                failure = another

    def _go_back(self, failure: Exception) -> None:
        model = self._model
        replace_failing(failure, model.args, model.dtype, self._report)
        cache, sampler, self._hidden, self.token = self._known
        self.cache.become(cache)
        self.sampler.become(sampler)

    def _compute(self, step: Step) -> None:
        step.drawing, step.pending = self._drawn(step.first)
        extra = step.pending.arrays() if step.pending else []
        mx.async_eval(*step.drawing.arrays(), *extra)
        self.token = step.drawing.token.reshape(1, 1)
        step.after = self._point()

    def _drawn(self, first: bool) -> tuple[Drawing, Pending | None]:
        """The token after the prompt, or after the last one, and its readings."""
        cache, sampler, x, pending = self.cache, self.sampler, self._hidden, None
        # On a CPU MLX would compile with the machine's C++ compiler.
        if on_metal():
            ttt = cache.ttt is not None
            decoding = self._decodings.of(sampler.settings, ttt, self._readings)
            if first:
                assert x is not None
                return decoding.draw(x, sampler), None
            assert self.token is not None
            return decoding(self.token, cache, sampler)
        if not first:
            assert self.token is not None
            x, pending = self._features(self.token)
        assert x is not None
        occurred, uniform = sampler.occurred, sampler.uniform()
        drawing, occurred = drawing_of(
            self._model, sampler.settings, x, occurred, uniform, kernels.chosen()
        )
        sampler.advance(occurred)
        return drawing, pending

    def _features(self, ids: mx.array) -> tuple[mx.array, Pending | None]:
        trace = Trace() if self._readings else None
        features = self._model.features(ids, self.cache, trace)
        if trace is None:
            return features, None
        kinds = self._model.args.layer_kinds
        return features, Pending(traced(trace), self.cache.offset, kinds)

    def _point(self) -> Point:
        cache, sampler = self.cache.copy(), self.sampler.copy()
        return Point(cache, sampler, self._hidden, self.token)
