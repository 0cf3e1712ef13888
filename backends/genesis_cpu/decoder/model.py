"""An ordinary decoder on a CPU."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...decoder import DecoderArgs
from ...stored_tensors import Float32
from ..ops.output_head import output_head
from ..second_thread import SecondThread
from ..token_ids import Ids, checked_ids
from .cache import DecoderCache
from .decode import decode
from .prefill import prefill, project_logits
from .program import DecoderProgram
from .weights import DecoderWeights

# Most tokens whose vectors are held at once, whatever a call's length.
BLOCK = 512
# Up to so many tokens one by one is faster than a prefill.
FEW = 4


class DecoderModel:
    """llama, mistral, qwen2, qwen3 or smollm3.

    Calling it gives logits; `make_cache` gives the state to carry between calls.
    """

    device = "CPU"

    def __init__(
        self, args: DecoderArgs, weights: DecoderWeights, *, threads: int = 1
    ) -> None:
        self.args = args
        self._weights, self._threads = weights, threads
        self._halves = weights.bits is not None
        program = self._program = DecoderProgram.of(args, weights)
        self._second = SecondThread(program.matrices, program.products, threads > 1)

    def __call__(self, ids: NDArray[Any], cache: DecoderCache | None = None) -> Float32:
        """Logits [1, L, V] of token ids [1, L].

        With a cache the ids continue what it has read; any split of a text into
        calls gives the same logits. If an exception ends it, Ctrl-C included, the
        cache is as it was before. Raises `TokenError` for ids that are not integers
        [1, L] inside the vocabulary.
        """
        ids = checked_ids(ids, self.vocab_size)
        cache = self.make_cache() if cache is None else cache
        going = cache.copy()
        logits = np.empty((1, len(ids), self.vocab_size), np.float32)
        for start in range(0, len(ids), BLOCK):
            x = self._features(ids[start : start + BLOCK], going)
            logits[0, start : start + BLOCK] = project_logits(self._program, x)
        cache.kv, cache.read = going.kv, going.read
        return logits

    def features(self, ids: NDArray[Any], cache: DecoderCache) -> Float32:
        """Last hidden vector [1, D] of token ids [L], which are not checked.

        If an exception ends it, Ctrl-C included, the cache is as it was before.
        """
        going, ids = cache.copy(), ids.astype(np.int64)
        for start in range(0, len(ids), BLOCK):
            x = self._features(ids[start : start + BLOCK], going)
        cache.kv, cache.read = going.kv, going.read
        return x[-1:].copy()

    def logits(self, x: Float32) -> Float32:
        """Logits [V] of a hidden vector [1, D]."""
        program, n = self._program, np.empty_like(x)
        logits = np.empty(self.vocab_size, np.float32)
        with self._second.helping() as products:
            output_head(
                program.matrices, program.small, products, program.dims, x, n, logits
            )
        return logits

    def step(self, token: int, cache: DecoderCache) -> Float32:
        """Logits [V] after one more token: a single piece of compiled code."""
        logits = np.empty(self.vocab_size, np.float32)
        self._step(token, cache, logits)
        return logits

    def compile(self) -> None:
        """Run both ways of reading once, so that no reply waits for the compiler."""
        cache = self.make_cache()
        x = self._features(np.zeros(FEW + 1, np.int64), cache)
        self.logits(x[-1:])
        self.step(0, cache)
        self._second.compile()

    def make_cache(self) -> DecoderCache:
        """An empty cache."""
        return DecoderCache.empty(self.args, self._halves)

    def load_cache(self, path: Path | str) -> DecoderCache:
        """Read a cache saved for this model. Raises `CacheError`."""
        return DecoderCache.restore(path, self.args, self._halves)

    @property
    def vocab_size(self) -> int:
        """Width of the logits, which may be more than the tokenizer knows."""
        return self.args.vocab_size

    @property
    def context(self) -> int:
        """Tokens that the model was made for."""
        return self.args.max_position_embeddings

    @property
    def nbytes(self) -> int:
        """Bytes of all weights in use."""
        return self._weights.nbytes

    @property
    def products(self) -> int:
        """Products of two numbers that the matrices cost a token."""
        return sum(p.rows * p.columns for p in self._weights.layout.products)

    @property
    def dtype(self) -> str:
        """Name of the dtype of the large weights: float32, int8 or int4."""
        return self._weights.dtype

    def _features(self, ids: Ids, cache: DecoderCache) -> Float32:
        if len(ids) <= FEW:
            none = np.empty(0, np.float32)
            return np.concatenate([self._step(int(i), cache, none) for i in ids])
        cache.make_room(len(ids))
        return prefill(self._program, cache, ids, self._threads)

    def _step(self, token: int, cache: DecoderCache, logits: Float32) -> Float32:
        """Hidden vector [1, D] of a token."""
        cache.make_room(1)
        program, x = self._program, np.empty((1, self.args.hidden_size), np.float32)
        with self._second.helping() as products:
            decode(
                program.matrices,
                program.small,
                products,
                program.table,
                program.frequencies,
                program.dims,
                np.array([token]),
                cache.kv.keys,
                cache.kv.values,
                cache.kv.used,
                cache.read,
                logits,
                x,
            )
        return x
