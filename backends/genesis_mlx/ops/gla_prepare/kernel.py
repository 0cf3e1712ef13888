"""A prompt's tokens for gated linear attention by one Metal kernel."""

import mlx.core as mx

from ....mlx_base.kernels import Kernel
from ....mlx_base.kernels.kernel import THREADS
from .weights import GLAPrepared, GLATaps

KERNEL = Kernel(
    "gla_prepare",
    __package__,
    "prepare.metal",
    (
        "proj",
        "gate",
        "gate_bias",
        "a_log",
        "conv_state",
        "conv_weight",
        "cosines",
        "sines",
        "sizes",
        "parameters",
    ),
    ("q", "k", "v", "conv_state_out", "log_decay"),
)
# A token's channels stand in threadgroup memory: 28 of its 32 KiB.
WIDEST = 7168


def fits_gla_prepare(channels: int, heads: int) -> bool:
    """Whether the kernel takes a token with so many channels of q, k and v."""
    return channels <= WIDEST and heads <= THREADS


def metal_gla_prepare(
    proj: mx.array,
    gate: mx.array,
    conv: mx.array,
    rotary: tuple[mx.array, mx.array],
    taps: GLATaps,
) -> GLAPrepared:
    """The same function as `naive_gla_prepare`, in one dispatch."""
    batch, length, row = proj.shape
    heads, kv_heads, dk = taps.heads, taps.kv_heads, taps.key_width
    dv = (conv.shape[2] - (heads + kv_heads) * dk) // kv_heads
    outputs = KERNEL(
        [
            proj,
            gate,
            gate if taps.gate_bias is None else taps.gate_bias,
            gate if taps.a_log is None else taps.a_log,
            conv,
            taps.conv_weight,
            *rotary,
            mx.array([length], mx.int32),
            mx.array([1 / taps.normalizer]),
        ],
        template={
            "T": proj.dtype,
            "H": heads,
            "HK": kv_heads,
            "DK": dk,
            "DV": dv,
            "W": taps.conv_weight.shape[0],
            "ROW": row,
            "HALF": rotary[0].shape[-1],
            "MAMBA": taps.a_log is not None,
            "THREADS": THREADS,
        },
        groups=(1, length, batch),
        outputs=[
            ((batch, length, heads, dk), proj.dtype),
            ((batch, length, kv_heads, dk), proj.dtype),
            ((batch, length, kv_heads, dv), proj.dtype),
            (conv.shape, proj.dtype),
            ((batch, length, heads), mx.float32),
        ],
    )
    return GLAPrepared(*outputs)
