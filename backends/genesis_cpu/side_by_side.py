"""One more token of several texts at once: the large weights are read for all."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..stored_tensors import Float32
from .blas import one_thread_each
from .cache import State
from .prefill import Part
from .program import Program
from .readings import Trace


def step_together(
    program: Program, states: Sequence[State], ids: Sequence[int], ttt: Sequence[bool]
) -> Float32:
    """Last hidden vectors [B, D] after one more token of each of B texts.

    Args:
        program: the model's.
        states: of the texts, each with room for the token, which they have then read.
            When an exception ends this, they are of no use any more.
        ids: the tokens [B].
        ttt: for which texts test-time training is on [B].
    """
    rows = _Rows(program, states, ids, ttt)
    with one_thread_each():
        for _ in rows.stages():
            pass
    for state in states:
        state.kv.used[0] = state.offset[0] = state.offset[0] + 1
    return rows.x


class _Rows(Part):
    """Tokens of different texts as if they were of one, but for what mixes tokens."""

    def __init__(
        self,
        program: Program,
        states: Sequence[State],
        ids: Sequence[int],
        ttt: Sequence[bool],
    ) -> None:
        tokens, none = np.array(ids, np.int64), Trace.none()
        super().__init__(program, states[0], tokens, 0, len(tokens), none, any(ttt))
        self._texts = [
            Part(program, state, tokens[row : row + 1], 0, 1, none, on)
            for row, (state, on) in enumerate(zip(states, ttt, strict=True))
        ]

    def _mix(self, p: Float32, n: Float32, block: Any) -> tuple[Float32, Float32]:
        """Each text's own; there are no gates to tell."""
        mixed = [
            text._mix(p[row : row + 1], n[row : row + 1], block)[0]
            for row, text in enumerate(self._texts)
        ]
        return np.concatenate(mixed), np.empty(0, np.float32)

    def _adapt(self, x: Float32) -> None:
        """Each text for itself."""
        for row, text in enumerate(self._texts):
            if text._ttt:
                text._adapt(x[row : row + 1])
