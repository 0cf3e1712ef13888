"""The products of one token, and what two threads share of them."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ..genesis.args import ModelArgs
from .layout import WeightLayout
from .tensors import Float32

# Each block has four, in this order; the output head is the last.
ATTN_IN, ATTN_OUT, FFN_IN, FFN_DOWN, PER_BLOCK = range(5)
# Columns of `jobs`.
START, ROWS, COLUMNS, SCALE, CHUNK, JOB_COLUMNS = range(6)
# Indices into `words`, each in a cache line of its own.
PLACE, PARKED, ENDED, WORDS = 0, 16, 32, 48
# A place is a ticket and, in so many bits, the chunk that the first thread is at.
CHUNK_BITS = 20
# Long enough to be read at full speed, short enough to be done twice now and then.
CHUNK_BYTES = 1 << 14


class Products(NamedTuple):
    """Where the matrices of a token's products lie, and what two threads share.

    `jobs` [products, 5] holds for each product the index of its first weight, rows,
    columns, index of its scales or -1, and rows of a chunk. `words` are numbers both
    threads look at; `done` has the ticket for which the second thread last finished a
    chunk; `vector` what is multiplied, `results` what the second thread makes of it.
    For a thread alone these are empty. `groups` [2, n] are scales and biases of int8
    weights that have them for each group of a row; then a product's index is that of
    its first group. It is None for weights with a scale per row or none.
    """

    jobs: NDArray[np.int64]
    words: NDArray[np.int64]
    done: NDArray[np.int64]
    vector: Float32
    results: Float32
    groups: Float32 | None = None

    @classmethod
    def of(cls, args: ModelArgs, weights: WeightLayout, itemsize: int) -> Self:
        """The products of Genesis for a thread alone; a weight has `itemsize` bytes."""
        names = [
            f"blocks.{index}.{name}.weight"
            for index in range(args.n_layer)
            for name in ("attn.in_proj", "attn.o_proj", "ffn.in_proj", "ffn.down_proj")
        ]
        names.append("tok_emb.weight" if args.tie_word_embeddings else "lm_head.weight")
        return cls.at(
            [(*weights.matrices[n], weights.scales.get(n, -1)) for n in names], itemsize
        )

    @classmethod
    def at(
        cls,
        places: Sequence[tuple[int, int, int, int]],
        itemsize: int,
        groups: Float32 | None = None,
    ) -> Self:
        """Products with matrices at (first weight, rows, columns, scales or -1)."""
        jobs = np.empty((len(places), JOB_COLUMNS), np.int64)
        for job, place in zip(jobs, places, strict=True):
            job[START], job[ROWS], job[COLUMNS], job[SCALE] = place
            job[CHUNK] = max(1, CHUNK_BYTES // (int(job[COLUMNS]) * itemsize))
        none, empty = np.empty(0, np.int64), np.empty(0, np.float32)
        return cls(jobs, none, none, empty, empty, groups)

    def for_two(self) -> Self:
        """The same with room for what two threads share."""
        most = np.max(-(-self.jobs[:, ROWS] // self.jobs[:, CHUNK]))
        words = np.zeros(WORDS, np.int64)
        # Above the tickets that nothing has been done for.
        words[PLACE] = len(self.jobs) << CHUNK_BITS
        return self._replace(
            words=words,
            done=np.zeros(most, np.int64),
            vector=np.zeros(self.jobs[:, COLUMNS].max(), np.float32),
            results=np.empty(self.jobs[:, ROWS].max(), np.float32),
        )
