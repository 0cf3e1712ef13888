"""Gated linear attention: a decayed state matrix per head."""

import numpy as np

from ..compiling import kernel
from .arithmetic import ONE, exp, softplus


@kernel
def gated_linear_attention(p, q_start, k_start, v_start, decay, state, out):
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
def log_decay(gate, rates, bias, normalizer):
    """Gates [L, H] to logs of GLA's decay, in place; `rates` empty is the plain gate.

    -rates * softplus(gate + bias), or logsigmoid(gate) / normalizer.
    """
    length, heads = gate.shape
    for t in range(length):
        for h in range(heads):
            if rates.shape[0]:
                gate[t, h] = -rates[h] * softplus(gate[t, h] + bias[h])
            else:
                gate[t, h] = -softplus(-gate[t, h]) / np.float32(normalizer)
