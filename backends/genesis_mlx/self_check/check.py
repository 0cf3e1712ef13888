"""Running the kernels beside their definitions."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import mlx.core as mx

from ...errors import BackendError
from ...genesis.args import ModelArgs
from ..kernels import mode, replace, replaced, wanted
from .cases import Run, cases

# Root mean square error over that of the values. A wrong index is off by 1; a GPU's
# exponentials and its order of sums stay far below.
BOUNDS = {mx.float32: 1e-4, mx.float16: 5e-3, mx.bfloat16: 1e-2}
REPEATS = 3
# What only a model with the delta rule uses.
DELTA = {"delta_scan", "gla_decode with delta rule"}


@dataclass(frozen=True)
class KernelCheck:
    """One kernel on this machine; `problem` is empty when it agrees.

    `error` is the largest root-mean-square error of an output relative to the
    output itself; `seconds` and `operations_seconds` are what one call takes as a
    kernel and as MLX operations.
    """

    kernel: str
    dtype: str
    error: float
    seconds: float
    operations_seconds: float
    problem: str = ""


def check_kernels(args: ModelArgs, dtype: mx.Dtype) -> Iterator[KernelCheck]:
    """Try every kernel in the shapes of a model; nothing is replaced."""
    name_of = str(dtype).removeprefix("mlx.core.")
    for name, (kernel, definition) in cases(args, dtype).items():
        error, problem = _tried(kernel, definition, dtype)
        works = error < float("inf")
        seconds = _seconds(kernel) if works else 0.0
        yield KernelCheck(name, name_of, error, seconds, _seconds(definition), problem)


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
    for use, (kernel, definition) in cases(args, dtype).items():
        name = use.partition(" ")[0]
        if name in reported or (use in DELTA and not delta_rule):
            continue
        problem = replaced().get(name) or _tried(kernel, definition, dtype)[1]
        if not problem:
            continue
        if mode() == "metal":
            raise BackendError(f"The Metal kernel {name} fails here: {problem}.")
        replace(name, problem)
        reported.add(name)
        report(
            f"The Metal kernel {name} fails here and MLX operations take its place: "
            f"{problem}."
        )


def _tried(kernel: Run, definition: Run, dtype: mx.Dtype) -> tuple[float, str]:
    try:
        error = _error(kernel, definition)
    # Metal's compiler and MLX's own checks report by these two.
    except (RuntimeError, ValueError) as failure:
        return float("inf"), " ".join(str(failure).split())[:200]
    return error, "" if error <= BOUNDS[dtype] else f"it is off by {error:.1e}"


def _error(kernel: Run, definition: Run) -> float:
    worst = 0.0
    for actual, expected in zip(kernel(), definition(), strict=True):
        a, b = actual.astype(mx.float32), expected.astype(mx.float32)
        ratio = mx.sqrt(mx.square(a - b).mean() / (mx.square(b).mean() + 1e-30))
        value: float = ratio.item()  # type: ignore[assignment]  # of a float array
        worst = max(worst, value) if value == value else float("inf")
    return worst


def _seconds(run: Run) -> float:
    start = time.perf_counter()
    for _ in range(REPEATS):
        mx.eval(list(run()))
    return (time.perf_counter() - start) / REPEATS
