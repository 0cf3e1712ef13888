"""Running the kernels beside their definitions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import mlx.core as mx

from ...genesis.args import ModelArgs
from ..kernels import replaced, wanted
from .cases import cases
from .failure import replace_or_raise
from .tried import tried

PART_OF = {"fox_join": "fox_decode"}


@dataclass(frozen=True)
class KernelCheck:
    """One use of a kernel on this machine; `problem` is empty when it agrees.

    `error` is the largest root-mean-square error of an output relative to the
    output itself.
    """

    kernel: str
    dtype: str
    error: float
    problem: str = ""


def check_kernels(args: ModelArgs, dtype: mx.Dtype) -> Iterator[KernelCheck]:
    """Try every kernel in the shapes of a model; nothing is replaced."""
    name_of = str(dtype).removeprefix("mlx.core.")
    for name, case in cases(args, dtype).items():
        error, problem = tried(case, dtype)
        yield KernelCheck(name, name_of, error, problem)


def ensure_kernels(
    args: ModelArgs,
    dtype: mx.Dtype,
    delta_rule: bool,
    report: Callable[[str], None],
) -> None:
    """Check the kernels that a model is to use, and replace those that fail.

    Each of these, also one that failed for an earlier model, is reported in a
    sentence. Raises `BackendError` instead where GENESIS_CHAT_KERNELS=metal forbids
    to replace it.
    """
    if not wanted():
        return
    reported: set[str] = set()
    for use, case in cases(args, dtype, delta_rule).items():
        name = use.partition(" ")[0]
        # Another kernel's part is not used without it.
        if name in reported or PART_OF.get(name) in replaced():
            continue
        problem = replaced().get(name) or tried(case, dtype)[1]
        if problem:
            replace_or_raise(name, problem, report)
            reported.add(name)
