"""Metacognition's mixture and its reductions as one Metal kernel."""

import mlx.core as mx

from ....mlx_base.kernels import Kernel, as_array
from ....mlx_base.kernels.kernel import THREADS

KERNEL = Kernel(
    "confidence_mix",
    __package__,
    "mix.metal",
    (
        "x",
        "adapted",
        "expected",
        "logit",
        "confidence_sum",
        "sizes",
        "offset",
        "strength",
    ),
    ("mixed", "confidence_sum_out", "surprise", "confidence", "share"),
)


def metal_confidence_mix(
    x: mx.array,
    adapted: mx.array,
    expected: mx.array,
    logit: mx.array,
    confidence_sum: mx.array,
    offset: int | mx.array,
    strength: float,
) -> list[mx.array]:
    """The fields of `naive_confidence_mix`'s result in their order, in one dispatch."""
    batch, length, width = x.shape
    sizes = mx.array([length], mx.int32), as_array(offset)
    per_token = ((batch, length), mx.float32)
    return KERNEL(
        [x, adapted, expected, logit, confidence_sum, *sizes, mx.array([strength])],
        template={"T": x.dtype, "D": width, "THREADS": THREADS},
        groups=(1, length, batch),
        outputs=[
            (x.shape, x.dtype),
            ((batch,), mx.float32),
            per_token,
            per_token,
            per_token,
        ],
    )
