"""The mixers' recurrences and attention."""

import numpy as np

from ..compiling import kernel
from .arithmetic import ONE, exp


@kernel
def scan(p, q_start, k_start, v_start, decay, state, out):
    """Gated linear attention (arXiv 2312.06635), head by head, token by token.

        S_t = exp(decay_t) S_{t-1} + k_t v_t^T ;  o_t = Dk^-0.5 q_t S_t

    A head's state stays in the processor's first cache for the whole call, where
    the recurrence needs fewer operations than its chunked form.

    Args:
        p: rows [L, n] holding queries, keys and values from the given columns on;
            query head h reads key/value head h mod Hk.
        decay: logs [L, H].
        state: S [H, Dk, Dv]; updated.
        out: filled [L, H * Dv].
    """
    heads, dk, dv = state.shape
    kv_heads = (v_start - k_start) // dk
    scale = ONE / np.sqrt(np.float32(dk))
    for h in range(heads):
        kv = h % kv_heads
        for t in range(p.shape[0]):
            fade = exp(decay[t, h])
            q = p[t, q_start + h * dk : q_start + (h + 1) * dk]
            k = p[t, k_start + kv * dk : k_start + (kv + 1) * dk]
            v = p[t, v_start + kv * dv : v_start + (kv + 1) * dv]
            o = out[t, h * dv : (h + 1) * dv]
            for j in range(dv):
                o[j] = 0
            for i in range(dk):
                s = state[h, i]
                ki, qi = k[i], q[i] * scale
                for j in range(dv):
                    s[j] = s[j] * fade + ki * v[j]
                    o[j] += qi * s[j]


@kernel
def scan_delta(p, q_start, k_start, v_start, decay, beta, state, out):
    """The gated delta rule (arXiv 2412.06464, equation 10), like `scan`.

        R_t = exp(decay_t) S_{t-1} ;  S_t = R_t + k_t (beta_t (v_t - k_t R_t))^T

    Args:
        p: as for `scan`.
        decay: logs [L, H].
        beta: step sizes, 0 to 1 [L, H].
        state: S [H, Dk, Dv]; updated.
        out: filled [L, H * Dv].
    """
    heads, dk, dv = state.shape
    kv_heads = (v_start - k_start) // dk
    scale = ONE / np.sqrt(np.float32(dk))
    error = np.empty(dv, np.float32)
    for h in range(heads):
        kv = h % kv_heads
        for t in range(p.shape[0]):
            fade, rate = exp(decay[t, h]), beta[t, h]
            q = p[t, q_start + h * dk : q_start + (h + 1) * dk]
            k = p[t, k_start + kv * dk : k_start + (kv + 1) * dk]
            v = p[t, v_start + kv * dv : v_start + (kv + 1) * dv]
            o = out[t, h * dv : (h + 1) * dv]
            for j in range(dv):
                o[j] = 0
                error[j] = v[j]
            for i in range(dk):
                s, ki = state[h, i], k[i]
                for j in range(dv):
                    s[j] *= fade
                    error[j] -= ki * s[j]
            for i in range(dk):
                s = state[h, i]
                ki, qi = k[i] * rate, q[i] * scale
                for j in range(dv):
                    s[j] += ki * error[j]
                    o[j] += qi * s[j]


@kernel
def attend(q, keys, values, seen, forget, decay, out):
    """One query's attention over S keys, its own the last.

    Args:
        q: [H * Dh].
        keys: [Hk, room, Dh]; query head h reads key head h // (H / Hk).
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
    for h in range(heads):
        query = q[h * width : (h + 1) * width]
        k = keys[h * keys.shape[0] // heads]
        for j in range(seen):
            row = k[j]
            total = np.float32(0)
            for i in range(width):
                total += query[i] * row[i]
            scores[j] = total * scale
        if forget.shape[0]:
            fade(decay[h], seen - 1, forget[h])
            softmax(scores, decay[h])
        else:
            softmax(scores, forget)
        v = values[h * values.shape[0] // heads]
        o = out[h * width : (h + 1) * width]
        for i in range(width):
            o[i] = 0
        for j in range(seen):
            row, weight = v[j], scores[j]
            for i in range(width):
                o[i] += weight * row[i]


@kernel
def attend_block(scores, first, forget, decay):
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
def softmax(scores, decay):
    """softmax(scores + decay) in place; an empty decay is none."""
    count = scores.shape[0]
    if decay.shape[0]:
        for j in range(count):
            scores[j] += decay[j]
    highest = scores[0]
    for j in range(count):
        highest = scores[j] if scores[j] > highest else highest
    total = np.float32(0)
    for j in range(count):
        scores[j] = exp(scores[j] - highest)
        total += scores[j]
    scale = ONE / total
    for j in range(count):
        scores[j] *= scale
