"""Many tokens at once."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...stored_tensors import Float32
from .. import decoder_layout as at
from ..blas import one_thread_each
from ..cache import kept, to_keep
from ..ops.attention import attention_weights
from ..ops.embedding import embed
from ..ops.norms import normalize_heads, rms_norm
from ..ops.rotary import apply_rotary
from ..ops.selective_swiglu import selective_swiglu
from ..products import ATTN_IN, ATTN_OUT, FFN_DOWN, FFN_IN, PER_BLOCK
from ..projection import project
from ..threads import in_order
from .cache import DecoderCache
from .program import DecoderProgram

# Queries, of all heads that share keys, whose scores are held at once.
QUERIES = 256
# The last of a token's products.
HEAD = -1
# From so many tokens on they are read in two halves, the second a block behind.
WORTH_HALVING = 16


def prefill(
    program: DecoderProgram, cache: DecoderCache, ids: NDArray[np.int64], threads: int
) -> Float32:
    """Last hidden vectors [L, D] of token ids [L].

    `cache` has room for them and is updated piece by piece: pass a copy. `threads`,
    one or two, change no bit of what comes out.
    """
    size = len(ids) if len(ids) < WORTH_HALVING else -(-len(ids) // 2)
    starts = range(0, len(ids), size)
    parts = [_Part(program, cache, ids[s : s + size], s) for s in starts]
    with one_thread_each():
        in_order([part.stages() for part in parts], threads)
    cache.kv.used[0] = cache.read[0] = cache.offset + len(ids)
    return np.concatenate([part.x for part in parts])


def project_logits(program: DecoderProgram, x: Float32) -> Float32:
    """Logits [L, V] of hidden vectors [L, D]."""
    dims = program.dims
    n = np.empty_like(x)
    gain = program.small[dims.final_norm : dims.final_norm + dims.D]
    rms_norm(x, gain, dims.norm_eps, n)
    return project(program.matrices, program.products, HEAD, n)


class _Part:
    """Consecutive tokens of a call, in as many stages as blocks.

    A stage needs the same one of the tokens before, whose keys it reads.
    """

    def __init__(
        self,
        program: DecoderProgram,
        cache: DecoderCache,
        ids: NDArray[np.int64],
        start: int,
    ) -> None:
        self._program, self._kv, self._length = program, cache.kv, len(ids)
        self._dims, self._small = program.dims, program.small
        self._first = cache.offset + start
        positions = np.arange(self._first, self._first + len(ids), dtype=np.float32)
        angles = positions[:, None] * program.frequencies
        self._cos, self._sin = np.cos(angles), np.sin(angles)
        self.x = np.empty((len(ids), self._dims.D), np.float32)
        factors = program.products.factors
        embed(program.matrices, factors, self._dims, ids, self.x)

    def stages(self) -> Iterator[None]:
        """Do a stage with every step; afterwards `x` has the last vectors [L, D]."""
        dims, x = self._dims, self.x
        n = np.empty_like(x)
        hidden = np.empty((self._length, dims.F), np.float32)
        for index, block in enumerate(self._program.table):
            first = index * PER_BLOCK
            rms_norm(x, self._part(block[at.NORM], dims.D), dims.norm_eps, n)
            p = self._project(n, first + ATTN_IN, block[at.IN_BIAS])
            out = self._attend(p, index, block)
            x += self._project(out, first + ATTN_OUT, block[at.OUT_BIAS])
            rms_norm(x, self._part(block[at.FFN_NORM], dims.D), dims.norm_eps, n)
            pair = self._project(n, first + FFN_IN, block[at.FFN_IN_BIAS])
            selective_swiglu(pair, dims.F, hidden)
            x += self._project(hidden, first + FFN_DOWN, block[at.DOWN_BIAS])
            yield

    def _part(self, start: int, count: int) -> Float32:
        return self._small[start : start + count]

    def _project(self, x: Float32, product: int, bias: int) -> Float32:
        y = project(self._program.matrices, self._program.products, product, x)
        if bias >= 0:
            y += self._part(bias, y.shape[1])
        return y

    def _attend(self, p: Float32, index: int, block: NDArray[np.int64]) -> Float32:
        """Attention [L, H * Dh] of rows p with queries, keys and values."""
        dims, length, first = self._dims, self._length, self._first
        h, hk, dh = dims.H, dims.Hk, dims.Dh
        if block[at.Q_NORM] >= 0:
            gain = self._part(block[at.Q_NORM], dh)
            normalize_heads(p, 0, h, dh, gain, dims.norm_eps)
            gain = self._part(block[at.K_NORM], dh)
            normalize_heads(p, h * dh, hk, dh, gain, dims.norm_eps)
        if block[at.TURNED]:
            apply_rotary(p, 0, h + hk, dh, self._cos, self._sin)
        q, k, v = np.split(p.reshape(length, -1, dh), [h, h + hk], axis=1)
        keys, values = self._kv.keys[index], self._kv.values[index]
        last, window = first + length, int(block[at.WINDOW])
        for room, new in ((keys, k), (values, v)):
            room[:, first:last] = to_keep(new.swapaxes(0, 1), room)
        oldest = max(first - window + 1, 0) if window else 0
        keys, values = (kept(each[:, oldest:last]) for each in (keys, values))
        out = np.empty((length, h, dh), np.float32)
        shared = h // hk
        at_once = max(QUERIES // shared, 1)
        for start in range(0, length, at_once):
            stop = min(start + at_once, length)
            begin = max(first + start - window + 1, 0) if window else 0
            seen = slice(begin - oldest, first + stop - oldest)
            # Heads that share keys one after the other: one large product for all.
            some = q[start:stop].swapaxes(0, 1) * np.float32(dh**-0.5)
            some = some.reshape(hk, -1, dh)
            for head in range(hk):
                scores = some[head] @ keys[head, seen].T
                attention_weights(scores, stop - start, first + start, begin, window)
                mixed = (scores @ values[head, seen]).reshape(shared, -1, dh)
                heads = slice(head * shared, (head + 1) * shared)
                out[start:stop, heads] = mixed.swapaxes(0, 1)
        return out.reshape(length, -1)
