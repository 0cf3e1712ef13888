"""Gated linear attention over many tokens as one Metal kernel."""

import mlx.core as mx

from ....mlx_base.kernels import Kernel

KERNEL = Kernel(
    "gla_chunks",
    __package__,
    "chunks.metal",
    ("q", "k", "v", "log_decay", "state", "sizes"),
    ("out", "state_out"),
)
WIDEST = 128
COLUMNS = 16
# Four SIMD-groups: a chunk has four blocks of scores and of results.
THREADS = 128


def fits_gla(dk: int) -> bool:
    """Whether the kernel takes keys of this width; values may have any."""
    return dk <= WIDEST


def metal_gla(
    q: mx.array,
    k: mx.array,
    v: mx.array,
    log_decay: mx.array,
    state: mx.array,
) -> tuple[mx.array, mx.array]:
    """The same function as `naive_gla`, in one dispatch."""
    batch, length, heads, dk = q.shape
    kv_heads, dv = v.shape[2:]
    out, state_out = KERNEL(
        [q, k, v, log_decay, state, mx.array([length], mx.int32)],
        template={"H": heads, "HK": kv_heads, "DK": dk, "DV": dv, "THREADS": THREADS},
        groups=(-(-dv // COLUMNS), heads, batch),
        outputs=[((batch, length, heads, dv), mx.float32), (state.shape, mx.float32)],
        threads=THREADS,
    )
    return out, state_out
