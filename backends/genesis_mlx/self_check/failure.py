"""Kernels that fail while a model runs are replaced."""

import re
from collections.abc import Callable

from ...genesis.args import ModelArgs
from ...mlx_base.device import DTYPES
from ...mlx_base.kernels import KERNELS, chosen
from ...mlx_base.self_check import message, replace_or_raise, tried
from .cases import cases


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
