"""The gated delta rule: a state matrix per head that corrects itself."""

import mlx.core as mx

from .chunked import chunked_gated_delta_rule
from .kernel import metal_gated_delta_rule
from .naive import naive_gated_delta_rule

__all__ = [
    "chunked_gated_delta_rule",
    "gated_delta_rule",
    "metal_gated_delta_rule",
    "naive_gated_delta_rule",
]


def gated_delta_rule(
    q: mx.array,
    k: mx.array,
    v: mx.array,
    log_decay: mx.array,
    beta: mx.array,
    state: mx.array | None = None,
    kernels: frozenset[str] = frozenset(),
) -> tuple[mx.array, mx.array]:
    """Read and update the state.

    See `naive_gated_delta_rule` for the equation and shapes.

    `state` None is all zeros; `kernels` names the Metal kernels to use.
    """
    if state is None:
        state = mx.zeros((q.shape[0], q.shape[2], q.shape[3], v.shape[3]))
    form = naive_gated_delta_rule if q.shape[1] == 1 else chunked_gated_delta_rule
    if "delta_scan" in kernels:
        form = metal_gated_delta_rule
    return form(q, k, v, log_decay, beta, state)
