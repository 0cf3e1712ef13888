"""Running the kernels beside their definitions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import mlx.core as mx

from ...genesis.args import ModelArgs
from ...mlx_base.kernels import wanted
from ...mlx_base.self_check import ensure, tried
from .cases import cases

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

    See `ensure`, which raises the same.
    """
    if wanted():
        ensure(cases(args, dtype, delta_rule), dtype, report, PART_OF)
