"""The Genesis model on a CPU."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..genesis.args import ModelArgs
from ..stored_tensors import Float32
from .cache import Cache
from .decode import decode
from .ops.output_head import output_head
from .prefill import prefill, project_logits
from .program import Program
from .readings import Trace
from .second_thread import SecondThread
from .side_by_side import step_together
from .token_ids import Ids, checked_ids
from .weights import Weights

# Most tokens whose vectors are held at once, whatever a call's length.
BLOCK = 512
# Up to so many tokens one by one is faster than a prefill.
FEW = 4


class Model:
    """A hybrid language model: GLA and FoX blocks, test-time training on top.

    Calling it gives logits; `make_cache` gives the state to carry between calls.
    Attribute `args` is its configuration; with `delta_rule` its gated linear
    attention follows the gated delta rule, which the reference never generates with.
    """

    device = "CPU"

    def __init__(
        self,
        args: ModelArgs,
        weights: Weights,
        *,
        delta_rule: bool = False,
        threads: int = 1,
    ) -> None:
        self.args, self.delta_rule = args, delta_rule
        self._weights, self._threads = weights, threads
        self._halves = weights.bits is not None
        program = self._program = Program.of(args, weights, delta_rule)
        self._second = SecondThread(program.matrices, program.products, threads > 1)

    def __call__(self, ids: NDArray[Any], cache: Cache | None = None) -> Float32:
        """Logits [1, L, V] of token ids [1, L].

        Without a cache this is the full forward with test-time training. With one,
        the ids continue what it has read; any split of a text into calls gives the
        same logits. If an exception ends it, Ctrl-C included, the cache is as it was
        before. Raises `TokenError` for ids that are not integers [1, L] inside the
        vocabulary.
        """
        ids = checked_ids(ids, self.args.vocab_size)
        cache = self.make_cache() if cache is None else cache
        going = cache.copy()
        logits = np.empty((1, len(ids), self.args.vocab_size), np.float32)
        for start in range(0, len(ids), BLOCK):
            part = ids[start : start + BLOCK]
            x = self._features(part, going, Trace.none())
            logits[0, start : start + BLOCK] = project_logits(self._program, x)
        cache.state = going.state
        return logits

    def features(
        self, ids: NDArray[Any], cache: Cache, trace: Trace | None = None
    ) -> Float32:
        """Last hidden vector [1, D] of token ids [L], which are not checked.

        `trace` are room for what the mixers tell of L tokens. If an exception ends
        it, Ctrl-C included, the cache is as it was before.
        """
        trace = trace or Trace.none()
        going, ids = cache.copy(), ids.astype(np.int64)
        for start in range(0, len(ids), BLOCK):
            part, told = ids[start : start + BLOCK], trace.part(start, start + BLOCK)
            x = self._features(part, going, told)
        cache.state = going.state
        return x[-1:].copy()

    def logits(self, x: Float32) -> Float32:
        """Logits [V] of a hidden vector [1, D]."""
        logits = np.empty(self.args.vocab_size, np.float32)
        self._finish(x, logits)
        return logits

    def step(self, token: int, cache: Cache, trace: Trace | None = None) -> Float32:
        """Logits [V] after one more token: a single piece of compiled code."""
        logits = np.empty(self.args.vocab_size, np.float32)
        self._step(token, cache, logits, trace or Trace.none())
        return logits

    def step_together(self, tokens: Sequence[int], caches: Sequence[Cache]) -> Float32:
        """Logits [B, V] after one more token of each of B texts.

        Large weights are read once for all of them. When an exception ends it, the
        caches are of no use any more.
        """
        for cache in caches:
            cache.state = cache.state.with_room(1)
        states, ttt = [each.state for each in caches], [each.ttt for each in caches]
        return project_logits(
            self._program, step_together(self._program, states, tokens, ttt)
        )

    def compile(self) -> None:
        """Run both ways of reading once, so that no reply waits for the compiler."""
        cache, logits = self.make_cache(), np.empty(self.args.vocab_size, np.float32)
        x = self._features(np.zeros(FEW + 1, np.int64), cache, Trace.none())
        self._finish(x[-1:], logits)
        self._step(0, cache, logits, Trace.none())
        self._second.compile()

    def make_cache(self, ttt: bool = True) -> Cache:
        """An empty cache; `ttt=False` is the reference's cached generation."""
        return Cache.empty(self.args, ttt, self.delta_rule, self._halves)

    def load_cache(self, path: Path | str) -> Cache:
        """Read a cache saved for this model. Raises `CacheError`."""
        return Cache.restore(path, self.args, self.delta_rule, self._halves)

    @property
    def nbytes(self) -> int:
        """Bytes of all weights in use."""
        return self._weights.nbytes

    @property
    def dtype(self) -> str:
        """Name of the dtype of the large weights: float32, int8 or int4."""
        return self._weights.dtype

    def _features(self, ids: Ids, cache: Cache, trace: Trace) -> Float32:
        if len(ids) <= FEW:
            none = np.empty(0, np.float32)
            rows = [
                self._step(int(token), cache, none, trace.part(t, t + 1))
                for t, token in enumerate(ids)
            ]
            return np.concatenate(rows)
        cache.state = cache.state.with_room(len(ids))
        return prefill(self._program, cache.state, ids, cache.ttt, trace, self._threads)

    def _step(self, token: int, cache: Cache, logits: Float32, trace: Trace) -> Float32:
        """Hidden vector [1, D] of a token; `trace` for one, or none."""
        state = cache.state = cache.state.with_room(1)
        program = self._program
        x = np.empty((1, self.args.n_embd), np.float32)
        # Always something to fill: a second path through the code could round
        # otherwise.
        told = trace if trace.wanted else Trace.of(self.args, 1, cache.ttt)
        with self._second.helping() as products:
            decode(
                program.matrices,
                program.small,
                products,
                program.table,
                program.metacognition,
                program.dims,
                program.diagonal,
                np.array([token]),
                state.fixed,
                state.kv.keys,
                state.kv.values,
                state.decay,
                state.kv.used,
                state.offset,
                cache.ttt,
                logits,
                x,
                told.gates[0],
                told.some_reflection(1),
            )
        return x

    def _finish(self, x: Float32, logits: Float32) -> None:
        program, n = self._program, np.empty_like(x)
        with self._second.helping() as products:
            output_head(
                program.matrices, program.small, products, program.dims, x, n, logits
            )
