"""Test-time training's fast weights as one Metal kernel."""

import mlx.core as mx

from ....mlx_base.kernels import Kernel, as_array
from ....mlx_base.kernels.kernel import THREADS

KERNEL = Kernel(
    "ttt_scan",
    __package__,
    "scan.metal",
    ("h", "y0", "rate", "gradient_sum", "sizes", "offset"),
    ("out", "gradient_sum_out"),
)


def metal_test_time_training(
    h: mx.array,
    y0: mx.array,
    rate: mx.array,
    gradient_sum: mx.array,
    offset: int | mx.array,
) -> tuple[mx.array, mx.array]:
    """The same function as `naive_test_time_training`, in one dispatch."""
    batch, length, width = h.shape
    out, total = KERNEL(
        [h, y0, rate, gradient_sum, mx.array([length], mx.int32), as_array(offset)],
        template={"D": width},
        groups=(-(-width // THREADS), 1, batch),
        outputs=[(h.shape, mx.float32), (gradient_sum.shape, mx.float32)],
    )
    return out, total
