"""SwiGLU and its selection as one Metal kernel."""

import mlx.core as mx

from ....mlx_base.kernels import Kernel
from ....mlx_base.kernels.kernel import THREADS

KERNEL = Kernel("selective_swiglu", __package__, "select.metal", ("proj",), ("y",))
# A row stands in threadgroup memory: 28 of its 32 KiB.
WIDEST = 7168
# The lowest bit of a float32 that a value of the dtype can set.
LOWEST = {mx.float32: 0, mx.float16: 13, mx.bfloat16: 16}


def fits_selective_swiglu(width: int) -> bool:
    """Whether the kernel takes rows of F = `width`."""
    return width <= WIDEST


def metal_selective_swiglu(proj: mx.array, keep: int) -> mx.array:
    """The same function as `naive_selective_swiglu`, in one dispatch."""
    width = proj.shape[-1] // 2
    (y,) = KERNEL(
        [proj],
        template={
            "T": proj.dtype,
            "F": width,
            "KEEP": keep,
            "LOWEST": LOWEST[proj.dtype],
            "THREADS": THREADS,
        },
        groups=(1, proj.size // (2 * width), 1),
        outputs=[((*proj.shape[:-1], width), proj.dtype)],
    )
    return y
