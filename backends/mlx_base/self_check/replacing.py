"""Kernels that fail are replaced by MLX operations, and whoever uses them is told."""

from collections.abc import Callable, Mapping

import mlx.core as mx

from ...errors import BackendError
from ..kernels import mode, replace, replaced, wanted
from .case import Case
from .tried import tried

NO_PARTS: Mapping[str, str] = {}


def ensure(
    cases: Mapping[str, Case],
    dtype: mx.Dtype,
    report: Callable[[str], None],
    part_of: Mapping[str, str] = NO_PARTS,
) -> None:
    """Try uses of kernels, by the kernel's name first, and replace those that fail.

    Each of these, also one that failed for an earlier model, is reported in a
    sentence. `part_of` names kernels that are used with another one only. Raises
    `BackendError` instead where GENESIS_CHAT_KERNELS=metal forbids to replace it.
    """
    if not wanted():
        return
    reported: set[str] = set()
    for use, case in cases.items():
        name = use.partition(" ")[0]
        if name in reported or part_of.get(name) in replaced():
            continue
        problem = replaced().get(name) or tried(case, dtype)[1]
        if problem:
            replace_or_raise(name, problem, report)
            reported.add(name)


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
