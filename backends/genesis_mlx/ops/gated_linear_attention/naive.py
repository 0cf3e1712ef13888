"""The definition of gated linear attention, one token at a time."""

import mlx.core as mx


def naive_gla(
    q: mx.array,
    k: mx.array,
    v: mx.array,
    log_decay: mx.array,
    state: mx.array,
) -> tuple[mx.array, mx.array]:
    """Gated linear attention with a scalar decay per head (arXiv 2312.06635).

    Per query head h, reading key/value head h mod Hk:

        S_t = exp(log_decay_t) S_{t-1} + k_t v_t^T
        o_t = Dk^-0.5 q_t S_t

    The decay of token t applies before its own outer product is added.

    Args:
        q: queries [B, L, H, Dk].
        k: keys [B, L, Hk, Dk]; Hk divides H.
        v: values [B, L, Hk, Dv].
        log_decay: log of the decay, at most 0 [B, L, H] float32.
        state: S before the first token [B, H, Dk, Dv] float32.

    Returns:
        Outputs [B, L, H, Dv] float32 and the state after the last token
        [B, H, Dk, Dv] float32.
    """
    length, heads, width = q.shape[1:]
    groups = heads // k.shape[2]
    q = q.astype(mx.float32) * width**-0.5
    k = mx.tile(k.astype(mx.float32), (1, 1, groups, 1))
    v = mx.tile(v.astype(mx.float32), (1, 1, groups, 1))
    decay = mx.exp(log_decay.astype(mx.float32))
    outputs = []
    for t in range(length):
        state = decay[:, t, :, None, None] * state
        state = state + k[:, t, :, :, None] * v[:, t, :, None, :]
        outputs.append((q[:, t, :, None, :] @ state)[..., 0, :])
    return mx.stack(outputs, axis=1), state
