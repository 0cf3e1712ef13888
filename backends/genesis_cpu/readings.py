"""What the mixers did with the tokens of one call, as the kernels left it."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from ..events import Readings
from ..genesis.args import ModelArgs
from ..stored_tensors import Float32
from .cache import Cache


@dataclass(frozen=True)
class Trace:
    """Where a call of L tokens leaves its gates; nothing is computed for it.

    `gates` [L, blocks, H] are logs, of GLA's decay or FoX's forget gate;
    `reflection` [L, 3] is what `ops.confidence_mix` tells. Both are empty if
    nobody asked, the latter also without test-time training.
    """

    gates: Float32
    reflection: Float32

    @classmethod
    def none(cls) -> Self:
        """Nobody asks."""
        return cls(np.empty((0, 1, 1), np.float32), np.empty((0, 3), np.float32))

    @classmethod
    def of(cls, args: ModelArgs, tokens: int, ttt: bool) -> Self:
        """Room for a call of so many tokens."""
        return cls(
            np.zeros((tokens, args.n_layer, args.n_head), np.float32),
            np.empty((tokens if ttt else 0, 3), np.float32),
        )

    @property
    def wanted(self) -> bool:
        """Whether anybody asks."""
        return bool(self.gates.size)

    def some_reflection(self, tokens: int) -> Float32:
        """Room [L, 3] for a call of so many tokens, whether anybody asks or not."""
        return (
            self.reflection
            if len(self.reflection)
            else np.empty((tokens, 3), np.float32)
        )

    def part(self, start: int, stop: int) -> "Trace":
        """The room of some of the tokens."""
        return Trace(self.gates[start:stop], self.reflection[start:stop])

    def read(self, cache: Cache) -> Readings | None:
        """The numbers, after the call that `cache` has just gone through."""
        if not self.wanted:
            return None
        kinds = np.array(cache.args.layer_kinds)
        gates = self.gates.swapaxes(0, 1)
        attending = [kinds[index] == "fox" for index in cache.layout.kv_layers]
        since = cache.state.decay[attending, :, : cache.offset]
        places = {
            kind: tuple(int(index) + 1 for index in np.flatnonzero(kinds == kind))
            for kind in ("gla", "fox")
        }
        told = self.reflection.T.copy() if len(self.reflection) else None
        return Readings(
            decay=np.exp(gates[kinds == "gla"]),
            log_forget=gates[kinds == "fox"],
            remaining=np.exp(since),
            surprise=None if told is None else told[0],
            confidence=None if told is None else told[1],
            mix=None if told is None else told[2],
            gla_layers=places["gla"],
            fox_layers=places["fox"],
        )
