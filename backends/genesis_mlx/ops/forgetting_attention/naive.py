"""The definition of forgetting attention, one query at a time."""

import mlx.core as mx


def naive(q: mx.array, k: mx.array, v: mx.array, cumulative: mx.array) -> mx.array:
    """Forgetting attention (arXiv 2503.02130, equation 3): FoX.

    For query i and keys j <= i, with query head h reading key head h // (H / Hk):

        o_i = softmax_j(Dk^-0.5 q_i . k_j + c_i - c_j) v

    where c is the running sum of log forget gates.

    Args:
        q: the last L positions' queries [B, L, H, Dk].
        k: keys of all S positions [B, S, Hk, Dk]; the last L are the call's own.
        v: values of all S positions [B, S, H, Dv].
        cumulative: c [B, S, H] float32. Only differences count, so its zero may be
            anywhere; near the last position it keeps the most precision.

    Returns:
        Outputs [B, L, H, Dv] float32.
    """
    length, heads, width = q.shape[1:]
    first = k.shape[1] - length
    q = q.astype(mx.float32) * width**-0.5
    k = mx.repeat(k.astype(mx.float32), heads // k.shape[2], axis=2)
    v = v.astype(mx.float32)
    outputs = []
    for i in range(length):
        seen = slice(0, first + i + 1)
        scores = (q[:, i, None] * k[:, seen]).sum(-1)
        scores = scores + cumulative[:, first + i, None] - cumulative[:, seen]
        weights = mx.softmax(scores, axis=1)
        outputs.append((weights[..., None] * v[:, seen]).sum(1))
    return mx.stack(outputs, axis=1)
