"""Kernels that fail are replaced: when they are checked, or while a model runs."""

import re
from collections.abc import Callable

from ...errors import BackendError
from ...genesis.args import ModelArgs
from ...mlx_base.device import DTYPES
from ..kernels import KERNELS, chosen, mode, replace
from .cases import cases
from .tried import message, tried


def replace_failing(
    failure: Exception, args: ModelArgs, dtype: str, report: Callable[[str], None]
) -> None:
    """Replace the kernel that a failure while the model runs comes from.

    Where the failure does not name one, each that is used is tried. Raises the failure
    itself where none of them is to blame, and `BackendError` where
    GENESIS_CHAT_KERNELS=metal forbids to replace it.
    """
    used, text = chosen(), str(failure)
    if not used:
        raise failure
    failing = {
        name: message(failure)
        for name in used
        if KERNELS[name].label in text or re.search(rf"genesis_{name}(?![a-z])", text)
    }
    if not failing:
        for use, case in cases(args, DTYPES[dtype]).items():
            name = use.partition(" ")[0]
            problem = tried(case, DTYPES[dtype])[1] if name in used else ""
            if problem:
                failing.setdefault(name, problem)
    if not failing:
        raise failure
    for name, problem in failing.items():
        replace_or_raise(name, problem, report)


def replace_or_raise(name: str, problem: str, report: Callable[[str], None]) -> None:
    """Run a kernel as MLX operations from now on, and say so.

    Raises `BackendError` where GENESIS_CHAT_KERNELS=metal forbids it.
    """
    problem = problem.rstrip(".")
    if mode() == "metal":
        raise BackendError(f"The Metal kernel {name} fails here: {problem}.")
    replace(name, problem)
    report(
        f"The Metal kernel {name} fails here and MLX operations take its place: "
        f"{problem}."
    )
