"""The gated delta rule over many tokens as one Metal kernel."""

import mlx.core as mx

from ....mlx_base.kernels import Kernel

KERNEL = Kernel(
    "delta_scan",
    __package__,
    "scan.metal",
    ("q", "k", "v", "log_decay", "beta", "state", "sizes"),
    ("out", "state_out"),
)
THREADS = 128


def metal_gated_delta_rule(
    q: mx.array,
    k: mx.array,
    v: mx.array,
    log_decay: mx.array,
    beta: mx.array,
    state: mx.array,
) -> tuple[mx.array, mx.array]:
    """The same function as `naive_gated_delta_rule`, in one dispatch."""
    batch, length, heads, dk = q.shape
    kv_heads, dv = v.shape[2:]
    out, state_out = KERNEL(
        [q, k, v, log_decay, beta, state, mx.array([length], mx.int32)],
        template={"H": heads, "HK": kv_heads, "DK": dk, "DV": dv, "THREADS": THREADS},
        groups=(-(-dv * 32 // THREADS), heads, batch),
        outputs=[((batch, length, heads, dv), mx.float32), (state.shape, mx.float32)],
        threads=THREADS,
    )
    return out, state_out
