"""Forgetting attention over many tokens as one Metal kernel."""

import mlx.core as mx

from ....mlx_base.kernels import Kernel

KERNEL = Kernel(
    "fox_blocks",
    __package__,
    "blocks.metal",
    ("q", "k", "v", "log_forget", "decay", "sizes"),
    ("out", "decay_out"),
    # Keys and values are read where the cache holds them.
    contiguous=False,
)
WIDEST = 128
QUERIES = 16
THREADS = 128


def fits_forgetting_attention(dk: int, dv: int) -> bool:
    """Whether the kernel takes heads of these widths."""
    return max(dk, dv) <= WIDEST


def metal_forgetting_attention(
    q: mx.array, k: mx.array, v: mx.array, log_forget: mx.array, decay: mx.array
) -> tuple[mx.array, mx.array]:
    """The same function as `naive_forgetting_attention`, in one dispatch."""
    batch, length, heads, dk = q.shape
    keys, kv_heads = k.shape[1:3]
    dv = v.shape[3]
    if keys == length:
        # There is nothing to read; of eight elements, as MLX passes smaller inputs in
        # another address space.
        decay = mx.zeros((1, 1, 8))
    out, decay_out = KERNEL(
        [q, k, v, log_forget, decay, mx.array([length, keys], mx.int32)],
        template={
            "H": heads,
            "HK": kv_heads,
            "DK": dk,
            "DV": dv,
            # What fits into 32 KiB beside queries and sums.
            "BLOCK": 32 if max(dk, dv) <= 64 else 16,
            "THREADS": THREADS,
        },
        groups=(-(-length // QUERIES), heads, batch),
        outputs=[
            ((batch, length, heads, dv), mx.float32),
            ((batch, heads, keys), mx.float32),
        ],
        threads=THREADS,
    )
    return out, decay_out
