"""Causal attention of ordinary decoders."""

import numpy as np

from ..compiling import kernel
from .arithmetic import ONE
from .key_rows import add_rows, dots
from .softmax import softmax


@kernel
def attention(q, keys, values, first, seen, out):
    """One query's attention over keys `first` to `seen` - 1, its own the last.

    Args:
        q: [H * Dh].
        keys: [Hk, room, Dh], float32 or float16; query head h reads head
            h // (H / Hk).
        values: [Hk, room, Dh].
        first: the first key that is seen.
        seen: keys there are.
        out: filled [H * Dh].
    """
    kv_heads, _, width = keys.shape
    shared = q.shape[0] // width // kv_heads
    scale = ONE / np.sqrt(np.float32(width))
    count = seen - first
    scores = np.empty(count, np.float32)
    none = scores[:0]
    for h in range(kv_heads * shared):
        query, o = q[h * width : (h + 1) * width], out[h * width : (h + 1) * width]
        dots(keys[h // shared], first, count, query, scores)
        for j in range(count):
            scores[j] *= scale
        softmax(scores, none)
        for i in range(width):
            o[i] = 0
        add_rows(values[h // shared], first, count, scores, o)


@kernel
def attention_weights(scores, queries, position, start, window):
    """Products of queries with keys to weights of the keys, in place.

    Args:
        scores: [heads * queries, keys], already scaled; becomes 0 for keys that a
            query does not see.
        queries: how many follow each other; a head's begins with the first.
        position: of the first query.
        start: position of the first key.
        window: tokens that are seen, the query's own among them; 0 is all.
    """
    none = scores[0, :0]
    for r in range(scores.shape[0]):
        row, last = scores[r], position + r % queries - start
        begin = max(last - window + 1, 0) if window else 0
        softmax(row[begin : last + 1], none)
        for j in range(begin):
            row[j] = 0
        for j in range(last + 1, row.shape[0]):
            row[j] = 0
