"""The least score of a nucleus as one Metal kernel."""

import mlx.core as mx

from ..kernels import Kernel
from ..kernels.kernel import THREADS

KERNEL = Kernel(
    "nucleus",
    __package__,
    "nucleus.metal",
    ("scores", "weights", "sizes", "share"),
    ("least",),
)
# A share of 1.
WHOLE = 1 << 32


def metal_nucleus(scores: mx.array, weights: mx.array, share: float) -> mx.array:
    """The same function as `naive_nucleus`, in one dispatch."""
    size = mx.array([scores.shape[0]], mx.int32)
    (least,) = KERNEL(
        [scores, weights, size, mx.array([int(share * WHOLE)], mx.uint32)],
        template={"THREADS": THREADS},
        groups=(1, 1, 1),
        outputs=[((1,), mx.float32)],
    )
    return least
