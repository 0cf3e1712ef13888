"""One decoded token of forgetting attention as one Metal kernel."""

import mlx.core as mx

from ...kernels import Kernel
from ...kernels.kernel import THREADS
from .weights import FoXPast, FoXStep, FoXWeights

KERNEL = Kernel(
    "fox_decode",
    __package__,
    "decode.metal",
    (
        "proj",
        "x",
        "gate_weight",
        "gate_bias",
        "conv_state",
        "conv_weight",
        "q_norm",
        "k_norm",
        "norm_weight",
        "keys",
        "values",
        "decay",
        "sizes",
        "eps",
    ),
    ("y", "new_key", "new_value", "conv_state_out", "decay_out", "log_forget"),
)
WIDEST = 128


def fits_fox_decode(dh: int) -> bool:
    """Whether the kernel takes heads of this width."""
    return dh <= WIDEST


def metal_fox_decode(
    proj: mx.array, x: mx.array, conv: mx.array, past: FoXPast, weights: FoXWeights
) -> FoXStep:
    """The same function as `naive_fox_decode`, in one dispatch."""
    batch, heads = proj.shape[0], weights.gate_weight.shape[0]
    dh = weights.norm_weight.shape[0]
    kv = weights.k_norm.shape[0] // dh
    # Sizes that change with every token are data: as constants of the source each
    # would be a new kernel to compile.
    sizes = mx.array([past.length, past.keys.shape[2]], mx.int32)
    outputs = KERNEL(
        [
            proj,
            x,
            weights.gate_weight,
            weights.gate_bias,
            conv,
            weights.conv_weight,
            weights.q_norm,
            weights.k_norm,
            weights.norm_weight,
            past.keys,
            past.values,
            past.decay,
            sizes,
            mx.array([weights.eps]),
        ],
        template={
            "T": proj.dtype,
            "H": heads,
            "HK": kv,
            "DH": dh,
            "D": x.shape[2],
            "W": weights.conv_weight.shape[0],
            "THREADS": THREADS,
        },
        groups=(1, heads, batch),
        outputs=[
            ((batch, 1, heads * dh), proj.dtype),
            ((batch, kv, 1, dh), proj.dtype),
            ((batch, heads, 1, dh), proj.dtype),
            (conv.shape, proj.dtype),
            ((batch, heads, past.length + 1), mx.float32),
            ((batch, 1, heads), mx.float32),
        ],
    )
    return FoXStep(*outputs)
