"""What this backend finds out about itself on a computer."""

from collections.abc import Iterator

from ..contract import Finding
from ..genesis.args import ModelArgs
from ..mlx_base.device import DTYPES, default_dtype, on_metal
from .kernels import mode
from .self_check import check_kernels


def findings() -> Iterator[Finding]:
    """Run every Metal kernel against its definition, in the released shapes.

    Raises `BackendError` when GENESIS_CHAT_KERNELS cannot be followed.
    """
    yield Finding("chosen", mode())
    if not on_metal():
        yield Finding("used", "no, MLX operations run on the CPU")
        return
    for tried in check_kernels(ModelArgs.released(), DTYPES[default_dtype()]):
        times = (
            f"error {tried.error:.1e}, {tried.seconds * 1e6:.0f} us, "
            f"as operations {tried.operations_seconds * 1e6:.0f} us"
        )
        problem = tried.problem and f"{tried.problem}; operations take its place."
        yield Finding(tried.kernel, times, problem)
