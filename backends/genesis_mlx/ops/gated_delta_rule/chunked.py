"""The gated delta rule in matrix products, a chunk of tokens at a time."""

import mlx.core as mx

from ....mlx_base.exponentials import exp
from ..segment_sums import segment_sums
from ..triangular_inverse import triangular_inverse

CHUNK = 32


def chunked_gated_delta_rule(
    q: mx.array,
    k: mx.array,
    v: mx.array,
    log_decay: mx.array,
    beta: mx.array,
    state: mx.array,
    chunk: int = CHUNK,
) -> tuple[mx.array, mx.array]:
    """The same function as `naive_gated_delta_rule`, with a loop over chunks only.

    Inside a chunk the errors of all tokens solve one triangular system (arXiv
    2412.06464, section 3.3). Shapes and dtypes are those of `naive_gated_delta_rule`.
    """
    length, heads, width = q.shape[1:]
    groups = heads // k.shape[2]
    # All [B, H, L, ...] float32.
    q = (q.astype(mx.float32) * width**-0.5).swapaxes(1, 2)
    k = mx.tile(k.astype(mx.float32), (1, 1, groups, 1)).swapaxes(1, 2)
    v = mx.tile(v.astype(mx.float32), (1, 1, groups, 1)).swapaxes(1, 2)
    gates = log_decay.astype(mx.float32).swapaxes(1, 2)
    steps = beta.astype(mx.float32).swapaxes(1, 2)[..., None]
    outputs = []
    for start in range(0, length, chunk):
        part = slice(start, min(start + chunk, length))
        keys, queries = k[:, :, part], q[:, :, part]
        g, step = gates[..., part], steps[:, :, part]
        decay = exp(segment_sums(g))
        since_start = mx.exp(mx.cumsum(g, axis=-1))[..., None]
        alike = (keys * step) @ keys.swapaxes(-1, -2) * decay
        unit = mx.eye(alike.shape[-1])
        solve = triangular_inverse(mx.tril(alike, -1) + unit)
        wanted = step * (v[:, :, part] - (keys * since_start) @ state)
        errors = solve @ wanted
        near = (queries @ keys.swapaxes(-1, -2) * decay) @ errors
        outputs.append(near + (queries * since_start) @ state)
        to_end = keys * decay[..., -1, :, None]
        state = since_start[..., -1:, :] * state + to_end.swapaxes(-1, -2) @ errors
    return mx.concatenate(outputs, axis=2).swapaxes(1, 2), state
