"""Running the backend's Metal kernels on the emulator, and breaking them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest import mock

import mlx.core as mx
import numpy as np
import pytest
from metal_emulator import EmulatorError, Options, Report, emulated, unavailable_reason
from tolerances import KERNEL_RMS

from backends.mlx_base.kernels import KERNELS, Kernel

REASON = unavailable_reason() if not mx.metal.is_available() else None
needs_kernels = pytest.mark.skipif(REASON is not None, reason=str(REASON))
# A GPU shows no race and no stray access: there only the values are compared.
emulator_only = pytest.mark.skipif(
    mx.metal.is_available(), reason="the emulator finds faults, a GPU does not"
)
DTYPES = ["float32", "float16", "bfloat16"]
# Seeds of the order of threads, and orders of SIMD-group sums.
ORDERS = [(0, "butterfly"), (1, "sequential"), (2, "halving")]
Arrays = list[mx.array]


@contextmanager
def running(seed: int = 0, order: str = "butterfly") -> Iterator[list[Report]]:
    """Kernels run: on Metal where there is one, else on the emulator."""
    if mx.metal.is_available():
        yield []
        return
    options = Options(simd_reduction_order=order)  # type: ignore[arg-type]
    with emulated(seed=seed, options=options) as reports:
        yield reports
    for report in reports:
        assert report.threads / report.threadgroups <= 256
        assert report.threadgroup_memory <= 32768


def rms_ratio(actual: mx.array, expected: mx.array) -> float:
    """Root mean square error over that of the expected values."""
    a = np.array(actual.astype(mx.float32), np.float64)
    b = np.array(expected.astype(mx.float32), np.float64)
    assert a.shape == b.shape
    if not np.isfinite(a).all():
        return float("inf")
    scale = np.sqrt((b**2).mean()) or 1.0
    return float(np.sqrt(((a - b) ** 2).mean()) / scale)


def assert_agree(actual: Arrays, expected: Arrays, dtype: str) -> None:
    """Every output within the tolerance of its dtype."""
    for number, (a, e) in enumerate(zip(actual, expected, strict=True)):
        assert a.dtype == e.dtype
        ratio = rms_ratio(a, e)
        assert ratio <= KERNEL_RMS[dtype], f"output {number}: {ratio:.2e}"


@dataclass(frozen=True)
class Mutation:
    """A fault: `old` in the kernel's source becomes `new`."""

    name: str
    old: str
    new: str


def assert_caught(
    kernel: str, mutation: Mutation, run: Callable[[], None], part: str = "source"
) -> None:
    """`run`, which passes, fails when the kernel's source, or header, is broken so."""
    right: str = getattr(KERNELS[kernel], part)
    assert mutation.old in right, "the mutation no longer fits the source"
    broken = right.replace(mutation.old, mutation.new)
    stand_in = mock.PropertyMock(return_value=broken)
    KERNELS[kernel]._built = None
    with (
        mock.patch.object(Kernel, part, stand_in),
        pytest.raises((AssertionError, EmulatorError)),
    ):
        run()
    KERNELS[kernel]._built = None
