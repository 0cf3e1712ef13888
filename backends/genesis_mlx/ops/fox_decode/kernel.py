"""One decoded token of forgetting attention as one Metal kernel, or two."""

import mlx.core as mx

from ....mlx_base.kernels import Kernel
from ....mlx_base.kernels.kernel import THREADS
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
        "since",
        "tail_keys",
        "tail_values",
        "tail_decay",
        "filled",
        "sizes",
        "eps",
    ),
    (
        "y",
        "conv_state_out",
        "since_out",
        "tail_keys_out",
        "tail_values_out",
        "tail_decay_out",
        "log_forget",
    ),
)
JOIN = Kernel(
    "fox_join",
    __package__,
    "join.metal",
    ("parts", "proj", "norm_weight", "sizes", "eps"),
    ("y",),
)
WIDEST = 128
# From so many keys on they are shared out between threadgroups, so many to each.
SPLIT_FROM, PART = 512, 256


def fits_fox_decode(dh: int) -> bool:
    """Whether the kernel takes heads of this width."""
    return dh <= WIDEST


def metal_fox_decode(
    proj: mx.array,
    x: mx.array,
    conv: mx.array,
    past: FoXPast,
    weights: FoXWeights,
    may_split: bool = True,
) -> FoXStep:
    """The same function as `naive_fox_decode`.

    It is one dispatch, or two with many keys, where it may share them out.
    """
    batch, heads = proj.shape[0], weights.gate_weight.shape[0]
    dh = weights.norm_weight.shape[0]
    kv = weights.k_norm.shape[0] // dh
    tail = past.tail_keys.shape[2]
    split = may_split and past.settled >= SPLIT_FROM
    parts = -(-past.settled // PART) + 1
    eps = mx.array([weights.eps])
    # Sizes that change are data: as constants of the source each would be a new kernel
    # to compile.
    y, *rest = KERNEL(
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
            past.since,
            past.tail_keys,
            past.tail_values,
            past.tail_decay,
            past.filled,
            mx.array([past.settled], mx.int32),
            eps,
        ],
        template={
            "T": proj.dtype,
            "Y": mx.float32 if split else proj.dtype,
            "H": heads,
            "HK": kv,
            "DH": dh,
            "D": x.shape[2],
            "W": weights.conv_weight.shape[0],
            "TAIL": tail,
            "PART": PART,
            "SPLIT": split,
            "THREADS": THREADS,
        },
        groups=(parts if split else 1, heads, batch),
        outputs=[
            ((batch, heads, parts, dh + 2), mx.float32)
            if split
            else ((batch, 1, heads * dh), proj.dtype),
            (conv.shape, proj.dtype),
            (past.since.shape, mx.float32),
            (past.tail_keys.shape, proj.dtype),
            (past.tail_values.shape, proj.dtype),
            (past.tail_decay.shape, mx.float32),
            ((batch, 1, heads), mx.float32),
        ],
    )
    if split:
        (y,) = JOIN(
            [y, proj, weights.norm_weight, mx.array([parts], mx.int32), eps],
            template={
                "T": proj.dtype,
                "H": heads,
                "DH": dh,
                "ROW": proj.shape[2],
                "THREADS": WIDEST,
            },
            groups=(1, heads, batch),
            outputs=[((batch, 1, heads * dh), proj.dtype)],
            threads=WIDEST,
        )
    return FoXStep(y, *rest)
