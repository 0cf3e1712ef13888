"""One more token of several replies in one step: the weights are read once."""

from collections.abc import Callable, Sequence

import mlx.core as mx

from ..contract import Step
from ..mlx_base import kernels
from ..mlx_base.nucleus import nucleus_by
from ..mlx_base.sampling import Drawing, Occurred, drawn
from ..mlx_base.self_check import FAILURES
from .cache import JoinedCache, SideBySide
from .layers import ForwardPass
from .model import Model
from .self_check import replace_failing
from .stepper import CLEAR_EVERY, Stepper


class Together:
    """The replies of a model that go on together, which may change at every token.

    Those with test-time training take a step of their own. `report` is told of kernels
    that fail, in whose place MLX operations step.
    """

    def __init__(self, model: Model, report: Callable[[str], None]) -> None:
        self._model, self._report = model, report
        # By whether test-time training is on.
        self._states = {False: SideBySide(), True: SideBySide()}
        self._count = 0

    def follow(self, steppers: Sequence[Stepper]) -> list[Step]:
        """`Stepper.follow` of all of them, whose last tokens are known."""
        found: dict[int, Step] = {}
        for adapts, states in self._states.items():
            some = [
                number
                for number, each in enumerate(steppers)
                if (each.cache.ttt is not None) is adapts
            ]
            if len(some) == 1:
                found[some[0]] = steppers[some[0]].follow()
            elif some:
                steps = self._follow([steppers[number] for number in some], states)
                found |= zip(some, steps, strict=True)
        self._count += 1
        if self._count % CLEAR_EVERY == 0:
            mx.clear_cache()
        return [found[number] for number in range(len(steppers))]

    def _follow(
        self, steppers: Sequence[Stepper], states: SideBySide
    ) -> Sequence[Drawing]:
        """A step of several, evaluated: nobody asks for the next before it is known."""
        model, caches = self._model, [each.cache for each in steppers]
        while True:
            joined = states.join(caches)
            try:
                logits = self._logits(steppers, joined)
                draws = [_drawn(*each) for each in zip(steppers, logits, strict=True)]
                mx.eval([drawing.arrays() for drawing, _ in draws])
                break
            except FAILURES as failure:
                replace_failing(failure, model.args, model.dtype, self._report)
        states.part(joined, caches)
        for stepper, (drawing, occurred) in zip(steppers, draws, strict=True):
            stepper.follow_by(drawing, occurred)
        return [drawing for drawing, _ in draws]

    def _logits(
        self, steppers: Sequence[Stepper], joined: JoinedCache
    ) -> list[mx.array]:
        """Logits [1, V] of each reply after its last token."""
        model = self._model
        offsets = [each.cache.offset for each in steppers]
        forward = ForwardPass.side_by_side(offsets, kernels.chosen(), model.delta_rule)
        tokens = [each.token for each in steppers if each.token is not None]
        x = model.hidden(mx.concatenate(tokens), joined, forward)
        logits: mx.array = model.logits(x[:, -1])
        return logits.split(len(steppers))


def _drawn(stepper: Stepper, logits: mx.array) -> tuple[Drawing, Occurred]:
    sampler, selects = stepper.sampler, nucleus_by(kernels.chosen())
    uniform = sampler.uniform()
    return drawn(logits[0], sampler.occurred, sampler.settings, uniform, selects)
