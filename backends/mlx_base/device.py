"""The device everything runs on, and the dtypes it may compute in."""

import time
from typing import Literal

import mlx.core as mx

from .blas import HAS_OPENBLAS

Dtype = Literal["float32", "float16", "bfloat16"]
DTYPES: dict[str, mx.Dtype] = {
    "float32": mx.float32,
    "float16": mx.float16,
    "bfloat16": mx.bfloat16,
}


def on_metal() -> bool:
    """Whether the default device is Apple's GPU."""
    return mx.metal.is_available() and mx.default_device().type == mx.DeviceType.gpu


def default_dtype() -> Dtype:
    """The dtype to compute in: on a CPU MLX's half precision is the slower one."""
    return "bfloat16" if on_metal() else "float32"


def device_facts() -> tuple[str, Dtype]:
    """The device in words, and the dtype it computes in by default."""
    cpu = "CPU with OpenBLAS" if HAS_OPENBLAS else "CPU"
    return "Apple GPU" if on_metal() else cpu, default_dtype()


def prefill_step() -> int:
    """Tokens to read in one call: as many as can be interrupted within a second."""
    return 512 if on_metal() else 32


def working_set() -> int:
    """Bytes that Metal recommends to use at most; more would be swapped out."""
    return int(mx.device_info()["max_recommended_working_set_size"])


def bytes_per_second() -> float:
    """How fast the device reads memory: the best of a few sums over 256 MB."""
    array = mx.ones(1 << 26, mx.float32)
    mx.eval(array)
    best = 0.0
    for _ in range(5):
        began = time.perf_counter()
        mx.eval(array.sum())
        best = max(best, array.nbytes / (time.perf_counter() - began))
    return best
