"""What this backend finds out about itself on a computer."""

from collections.abc import Iterator

import mlx.core as mx

from ..contract import Finding
from ..genesis.args import ModelArgs
from ..mlx_base.blas import blas_advice, blas_in_use
from ..mlx_base.device import DTYPES, default_dtype, on_metal
from ..mlx_base.kernels import mode
from ..mlx_base.self_check import FAILURES
from .self_check import check_kernels, time_kernels


def findings() -> Iterator[Finding]:
    """Run every Metal kernel against its definition, in the released shapes, and time
    those that work.

    Raises `BackendError` when GENESIS_CHAT_KERNELS cannot be followed.
    """
    yield Finding("chosen", mode())
    if not on_metal():
        yield Finding("used", "no, MLX operations run on the CPU")
        yield Finding(
            "BLAS of MLX", " ".join(filter(None, (blas_in_use() + ".", blas_advice())))
        )
        return
    args, dtype = ModelArgs.released(), DTYPES[default_dtype()]
    works = True
    for tried in check_kernels(args, dtype):
        problem = tried.problem and f"{tried.problem}; operations take its place."
        works = works and not problem
        yield Finding(tried.kernel, f"error {tried.error:.1e}", problem)
    if works:
        yield from _times(args, dtype)


def _times(args: ModelArgs, dtype: mx.Dtype) -> Iterator[Finding]:
    try:
        for each in time_kernels(args, dtype):
            times = (
                f"{each.seconds * 1e6:.0f} us, {each.bytes_per_second / 1e9:.0f} GB/s, "
                f"as operations {each.operations_seconds * 1e6:.0f} us"
            )
            yield Finding(each.kernel, times)
    except FAILURES as failure:
        yield Finding("times", "unknown", f"a kernel fails: {failure}.")
