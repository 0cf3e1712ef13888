"""The gated delta rule: a state matrix per head that corrects itself."""

import numpy as np

from ..compiling import kernel
from .arithmetic import ONE, exp


@kernel
def gated_delta_rule(p, q_start, k_start, v_start, decay, beta, state, out):
    """The gated delta rule (arXiv 2412.06464, equation 10), row by row.

        R_t = exp(decay_t) S_{t-1} ;  S_t = R_t + k_t (beta_t (v_t - k_t R_t))^T

    Args:
        p: as for `gated_linear_attention`.
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
