"""A kernel beside its definition, and what Metal says where it fails."""

import mlx.core as mx

from .case import Case

# Root mean square error over that of the values. A wrong index is off by 1; a GPU's
# exponentials and its order of sums stay far below.
BOUNDS = {mx.float32: 1e-4, mx.float16: 5e-3, mx.bfloat16: 1e-2}
# Metal's compiler and MLX's own checks report by these two.
FAILURES = (RuntimeError, ValueError)


def message(failure: Exception) -> str:
    """What is wrong, from the first error on; warnings before it are left out.

    Lines are those of our own files, as each names itself to the compiler.
    """
    lines = str(failure).strip().splitlines()
    first = next((i for i, line in enumerate(lines) if "error:" in line), 0)
    return " ".join(" ".join(lines[first:]).split()) or type(failure).__name__


def tried(case: Case, dtype: mx.Dtype) -> tuple[float, str]:
    """The largest error of an output, and what is wrong; nothing is an empty text."""
    try:
        error = _error(case)
    except FAILURES as failure:
        return float("inf"), message(failure)
    return error, "" if error <= BOUNDS[dtype] else f"it is off by {error:.1e}"


def _error(case: Case) -> float:
    worst = 0.0
    for actual, expected in zip(case.kernel(), case.definition(), strict=True):
        a, b = actual.astype(mx.float32), expected.astype(mx.float32)
        ratio = mx.sqrt(mx.square(a - b).mean() / (mx.square(b).mean() + 1e-30))
        value: float = ratio.item()  # type: ignore[assignment]  # of a float array
        worst = max(worst, value) if value == value else float("inf")
    return worst
