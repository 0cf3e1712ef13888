"""How long the kernels take, and the MLX operations that would replace them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import mlx.core as mx

from ...genesis.args import ModelArgs
from ...mlx_base.self_check import Case, Run
from .cases import cases
from .mixers import Sizes

# Queued together, so that what is measured is not the way there and back. Where a GPU
# runs several at once, it does so here.
CALLS = 50
# As they occur: a part of a prompt, a short chat, and long ones.
PROMPT, SHORT = 512, 256
MANY = (1024, 2048)


@dataclass(frozen=True)
class KernelTiming:
    """A use of a kernel: seconds a call, as a kernel and as MLX operations, and the
    bytes of what it reads and writes."""

    kernel: str
    seconds: float
    operations_seconds: float
    nbytes: int

    @property
    def bytes_per_second(self) -> float:
        """What the kernel moves."""
        return self.nbytes / self.seconds


def time_kernels(args: ModelArgs, dtype: mx.Dtype) -> Iterator[KernelTiming]:
    """Time every use of a kernel in the shapes of a model.

    Raises what MLX raises where a kernel fails.
    """
    sizes = Sizes(PROMPT, SHORT, MANY[0], args.vocab_size)
    for name, case in cases(args, dtype, sizes=sizes).items():
        yield _timed(name, case)
    for keys in MANY[1:]:
        found = cases(args, dtype, False, Sizes(1, 1, keys))
        if "fox_join" in found:
            yield _timed(f"fox_join at {keys:,} keys", found["fox_join"])


def _timed(name: str, case: Case) -> KernelTiming:
    written = list(case.kernel())
    mx.eval(case.arrays, written)
    nbytes = sum(array.nbytes for array in [*case.arrays, *written])
    return KernelTiming(name, _seconds(case.kernel), _seconds(case.operations), nbytes)


def _seconds(run: Run) -> float:
    mx.eval(list(run()))
    start = time.perf_counter()
    mx.eval([list(run()) for _ in range(CALLS)])
    return (time.perf_counter() - start) / CALLS
