"""The definition of forgetting attention, one query at a time."""

import mlx.core as mx


def naive_forgetting_attention(
    q: mx.array, k: mx.array, v: mx.array, log_forget: mx.array, decay: mx.array
) -> tuple[mx.array, mx.array]:
    """Forgetting attention (arXiv 2503.02130, equation 3): FoX.

    For query i and keys j <= i, with query head h reading key head h // (H / Hk):

        o_i = softmax_j(Dk^-0.5 q_i . k_j + d_ij) v

    where d_ij is the sum of log forget gates after j up to i, always at most 0.

    Args:
        q: the last L positions' queries [B, L, H, Dk].
        k: keys of all S positions [B, S, Hk, Dk]; the last L are the call's own.
        v: values of all S positions [B, S, H, Dv].
        log_forget: log forget gates of the last L positions [B, L, H] float32.
        decay: d of the last earlier position with every earlier key [B, H, S - L]
            float32.

    Returns:
        Outputs [B, L, H, Dv] float32 and d of the last position with every key
        [B, H, S] float32.
    """
    length, heads, width = q.shape[1:]
    first = k.shape[1] - length
    q = q.astype(mx.float32) * width**-0.5
    k = mx.repeat(k.astype(mx.float32), heads // k.shape[2], axis=2)
    v = v.astype(mx.float32)
    own = mx.zeros((*decay.shape[:2], 1))
    outputs = []
    for i in range(length):
        decay = mx.concatenate([decay + log_forget[:, i, :, None], own], axis=-1)
        seen = slice(0, first + i + 1)
        scores = (q[:, i, None] * k[:, seen]).sum(-1) + decay.swapaxes(1, 2)
        weights = mx.softmax(scores, axis=1)
        outputs.append((weights[..., None] * v[:, seen]).sum(1))
    return mx.stack(outputs, axis=1), decay
