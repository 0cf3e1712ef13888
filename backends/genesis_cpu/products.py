"""The products of one token, and what two threads share of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ..stored_tensors import Float32
from .groups import BLOCK, GROUP, Bits, block_size, groups_of
from .matrix_layout import Place

# Each block has four, in this order; the output head is the last.
ATTN_IN, ATTN_OUT, FFN_IN, FFN_DOWN, PER_BLOCK = range(5)
# Columns of `jobs`.
START, ROWS, COLUMNS, FACTOR, CHUNK, JOB_COLUMNS = range(6)
# Indices into `words`, each in a cache line of its own.
PLACE, PARKED, ENDED, WORDS = 0, 16, 32, 48
# A place is a ticket and, in so many bits, the chunk that the first thread is at.
CHUNK_BITS = 20
# Long enough to be read at full speed, short enough to be done twice now and then.
CHUNK_BYTES = 1 << 14
FLOAT_BYTES = 4


class Products(NamedTuple):
    """Where the matrices of a token's products lie, and what two threads share.

    `jobs` [products, 5] holds for each product the index of its first weight, rows,
    columns, index of its first factor or -1, and rows of a chunk. `factors` [2, n] are
    the scales and biases of weights in codes, as `groups` has them; None for float32.

    `words` are numbers both threads look at; `done` has the ticket for which the
    second thread last finished a chunk. What is multiplied is in `vector`, or where
    weights are codes in `codes` and `sums`, as `quantize_vector` makes them; `results`
    is what the second thread makes of it. For a thread alone these are empty.
    """

    jobs: NDArray[np.int64]
    factors: NDArray[np.int16] | None
    words: NDArray[np.int64]
    done: NDArray[np.int64]
    vector: Float32
    codes: NDArray[np.int16]
    sums: Float32
    results: Float32

    @classmethod
    def at(
        cls,
        places: Sequence[Place],
        bits: Bits | None,
        factors: NDArray[np.int16] | None,
    ) -> Self:
        """Products with matrices at places, for a thread alone."""
        jobs = np.empty((len(places), JOB_COLUMNS), np.int64)
        for job, place in zip(jobs, places, strict=True):
            job[START], job[ROWS], job[COLUMNS], job[FACTOR] = place
            if bits is None:
                job[CHUNK] = max(1, CHUNK_BYTES // (place.columns * FLOAT_BYTES))
            else:
                blocks = CHUNK_BYTES // block_size(place.columns, bits)
                job[CHUNK] = BLOCK * max(1, blocks)
        words, floats = np.empty(0, np.int64), np.empty(0, np.float32)
        codes = np.empty(0, np.int16)
        return cls(jobs, factors, words, words, floats, codes, floats, floats)

    def for_two(self) -> Self:
        """The same with room for what two threads share."""
        most = np.max(-(-self.jobs[:, ROWS] // self.jobs[:, CHUNK]))
        words = np.zeros(WORDS, np.int64)
        # Above the tickets that nothing has been done for.
        words[PLACE] = len(self.jobs) << CHUNK_BITS
        shared: dict[str, NDArray[Any]] = {
            "words": words,
            "done": np.zeros(most, np.int64),
            "results": np.empty(self.jobs[:, ROWS].max(), np.float32),
        }
        widest = int(self.jobs[:, COLUMNS].max())
        if self.factors is None:
            shared["vector"] = np.zeros(widest, np.float32)
        else:
            groups = groups_of(widest)
            shared["codes"] = np.zeros(groups * GROUP, np.int16)
            shared["sums"] = np.zeros(groups + 1, np.float32)
        return self._replace(**shared)
