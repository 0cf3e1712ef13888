"""A residual sum with its norm as one Metal kernel."""

import mlx.core as mx

from ....mlx_base.kernels import Kernel
from ....mlx_base.kernels.kernel import THREADS

KERNEL = Kernel(
    "add_rms_norm",
    __package__,
    "add_rms_norm.metal",
    ("x", "delta", "gain", "eps"),
    ("total", "normed"),
)


def metal_add_rms_norm(
    x: mx.array, delta: mx.array, gain: mx.array, eps: float, offset: int
) -> tuple[mx.array, mx.array]:
    """The same function as `naive_add_rms_norm`, in one dispatch."""
    width = x.shape[-1]
    total, normed = KERNEL(
        [x, delta, gain, mx.array([eps])],
        template={"T": x.dtype, "D": width, "OFFSET": offset, "THREADS": THREADS},
        groups=(1, x.size // width, 1),
        outputs=[(x.shape, x.dtype), (x.shape, x.dtype)],
    )
    return total, normed
