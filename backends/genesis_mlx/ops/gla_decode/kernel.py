"""One decoded token of gated linear attention as one Metal kernel."""

import mlx.core as mx

from ....mlx_base.kernels import Kernel
from ....mlx_base.kernels.kernel import THREADS
from .weights import GLAStep, GLAWeights

KERNEL = Kernel(
    "gla_decode",
    __package__,
    "decode.metal",
    (
        "proj",
        "x",
        "gate_weight",
        "gate_bias",
        "a_log",
        "beta_weight",
        "beta_bias",
        "conv_state",
        "conv_weight",
        "cosines",
        "sines",
        "state",
        "norm_weight",
        "parameters",
    ),
    ("y", "conv_state_out", "state_out", "log_decay"),
)
WIDEST = 128


def fits_gla_decode(dk: int, dv: int) -> bool:
    """Whether the kernel takes heads of these widths: up to 128, in steps of 4."""
    return min(dk, dv) >= 4 and max(dk, dv) <= WIDEST and not (dk % 4 or dv % 4)


def metal_gla_decode(
    proj: mx.array,
    x: mx.array,
    conv: mx.array,
    state: mx.array,
    rotary: tuple[mx.array, mx.array],
    weights: GLAWeights,
) -> GLAStep:
    """The same function as `naive_gla_decode`, in one dispatch."""
    batch, heads, dk, dv = state.shape
    delta = weights.beta_weight is not None
    mamba = weights.a_log is not None
    y, conv_out, state_out, log_decay = KERNEL(
        [
            proj,
            x,
            weights.gate_weight,
            weights.gate_bias,
            weights.a_log if weights.a_log is not None else weights.gate_bias,
            _or(weights.beta_weight, weights.gate_weight),
            _or(weights.beta_bias, weights.gate_bias),
            conv,
            weights.conv_weight,
            *rotary,
            state,
            weights.norm_weight,
            mx.array([1 / weights.normalizer, weights.eps]),
        ],
        template={
            "T": proj.dtype,
            "H": heads,
            "HK": weights.kv_heads,
            "DK": dk,
            "DV": dv,
            "D": x.shape[2],
            "W": weights.conv_weight.shape[0],
            "HALF": rotary[0].shape[-1],
            "MAMBA": mamba,
            "DELTA": delta,
            "THREADS": THREADS,
        },
        groups=(1, heads, batch),
        outputs=[
            ((batch, 1, heads * dv), proj.dtype),
            (conv.shape, proj.dtype),
            (state.shape, mx.float32),
            ((batch, 1, heads), mx.float32),
        ],
    )
    return GLAStep(y, conv_out, state_out, log_decay)


def _or(array: mx.array | None, other: mx.array) -> mx.array:
    return other if array is None else array
