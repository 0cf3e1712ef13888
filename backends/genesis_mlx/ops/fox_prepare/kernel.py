"""A prompt's tokens for forgetting attention by one Metal kernel."""

import mlx.core as mx

from ....mlx_base.kernels import Kernel
from ....mlx_base.kernels.kernel import THREADS
from .weights import FoXPrepared, FoXTaps

KERNEL = Kernel(
    "fox_prepare",
    __package__,
    "prepare.metal",
    (
        "proj",
        "gate",
        "conv_state",
        "conv_weight",
        "q_norm",
        "k_norm",
        "sizes",
        "eps",
    ),
    ("q", "keys", "values", "conv_state_out", "log_forget"),
)
# A token's channels stand in threadgroup memory: 28 of its 32 KiB.
WIDEST = 7168


def fits_fox_prepare(channels: int, heads: int) -> bool:
    """Whether the kernel takes a token with so many channels of keys and values."""
    return channels <= WIDEST and heads <= THREADS


def metal_fox_prepare(
    proj: mx.array, gate: mx.array, conv: mx.array, taps: FoXTaps
) -> FoXPrepared:
    """The same function as `naive_fox_prepare`, in one dispatch."""
    batch, length, row = proj.shape
    dh = taps.width
    heads, kv = (norm.shape[0] // dh for norm in (taps.q_norm, taps.k_norm))
    outputs = KERNEL(
        [
            proj,
            gate,
            conv,
            taps.conv_weight,
            taps.q_norm,
            taps.k_norm,
            mx.array([length], mx.int32),
            mx.array([taps.eps]),
        ],
        template={
            "T": proj.dtype,
            "H": heads,
            "HK": kv,
            "DH": dh,
            "W": taps.conv_weight.shape[0],
            "ROW": row,
            "THREADS": THREADS,
        },
        groups=(1, length, batch),
        outputs=[
            ((batch, length, heads, dh), proj.dtype),
            ((batch, kv, length, dh), proj.dtype),
            ((batch, heads, length, dh), proj.dtype),
            (conv.shape, proj.dtype),
            ((batch, length, heads), mx.float32),
        ],
    )
    return FoXPrepared(*outputs)
