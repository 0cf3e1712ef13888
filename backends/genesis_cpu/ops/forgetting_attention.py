"""Forgetting attention (FoX): softmax attention lowered by forget gates."""

import numpy as np

from ..compiling import kernel
from .arithmetic import ONE, softplus
from .key_rows import add_rows, dots
from .softmax import softmax


@kernel
def forgetting_attention(q, keys, values, seen, forget, decay, out):
    """One query's attention over S keys, its own the last.

    Args:
        q: [H * Dh].
        keys: [Hk, room, Dh], float32 or float16; query head h reads key head
            h // (H / Hk).
        values: [Hv, room, Dh], with heads shared in the same way.
        seen: S, at most the room.
        forget: logs of the forget gates [H]; empty for none.
        decay: with forget gates, their sums since each key [H, room]; updated.
        out: filled [H * Dh].
    """
    width = keys.shape[2]
    heads = q.shape[0] // width
    scale = ONE / np.sqrt(np.float32(width))
    scores = np.empty(seen, np.float32)
    first = np.int64(0)
    for h in range(heads):
        query, o = q[h * width : (h + 1) * width], out[h * width : (h + 1) * width]
        dots(keys[h * keys.shape[0] // heads], first, seen, query, scores)
        for j in range(seen):
            scores[j] *= scale
        if forget.shape[0]:
            fade(decay[h], seen - 1, forget[h])
            softmax(scores, decay[h])
        else:
            softmax(scores, forget)
        for i in range(width):
            o[i] = 0
        add_rows(values[h * values.shape[0] // heads], first, seen, scores, o)


@kernel
def forgetting_weights(scores, first, forget, decay):
    """Weights of L queries of one head, from their products with S keys, in place.

    Args:
        scores: [L, S], already scaled; becomes the weights, 0 for later keys.
        first: position of the first query; S is first + L.
        forget: logs of the forget gates [L]; empty for none.
        decay: with forget gates, their sums since each key [room]; updated.
    """
    for t in range(scores.shape[0]):
        last = first + t
        row = scores[t]
        if forget.shape[0]:
            fade(decay, last, forget[t])
            softmax(row[: last + 1], decay)
        else:
            softmax(row[: last + 1], forget)
        for j in range(last + 1, row.shape[0]):
            row[j] = 0


@kernel
def fade(decay, last, gate):
    """Add a log forget gate to the sums of all keys before `last`, whose own is 0.

    Sums of one sign only: as a difference of running totals a weak gate after a
    strong one would drown in rounding.
    """
    for j in range(last):
        decay[j] += gate
    decay[last] = 0


@kernel
def log_forget(gate):
    """Gates [L, H] to logs of FoX's forget gates, in place."""
    length, heads = gate.shape
    for t in range(length):
        for h in range(heads):
            gate[t, h] = -softplus(-gate[t, h])
