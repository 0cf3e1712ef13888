"""Residual sum with norm, and selective SwiGLU: kernels and definitions."""

import mlx.core as mx
import numpy as np
import pytest
from draws import Draw
from emulation import (
    DTYPES,
    ORDERS,
    Mutation,
    assert_agree,
    assert_caught,
    emulator_only,
    needs_kernels,
    running,
)

from backends.genesis_mlx.ops.add_rms_norm import metal_add_rms_norm, naive_add_rms_norm
from backends.genesis_mlx.ops.selective_swiglu import (
    metal_selective_swiglu,
    naive_selective_swiglu,
)
from backends.genesis_mlx.ops.selective_swiglu.kernel import WIDEST

pytestmark = needs_kernels


def check_norm(
    shape: tuple[int, ...], dtype: str, offset: int = 1, seed: int = 0
) -> None:
    draw = Draw(seed)
    x, delta, gain = (
        mx.array(draw(*s)).astype(getattr(mx, dtype))
        for s in (shape, (2, *shape), shape[-1:])
    )
    inputs = (x, delta[1], gain, 1e-6, offset)
    assert_agree([*metal_add_rms_norm(*inputs)], [*naive_add_rms_norm(*inputs)], dtype)


def check_swiglu(rows: int, width: int, keep: int, dtype: str, ties: bool) -> None:
    draw = Draw(width)
    values = draw(rows, 3, 2 * width)
    if ties:
        # A handful of different values, so that the border runs through equal ones.
        values = np.round(values)
    proj = mx.array(values).astype(getattr(mx, dtype))[:, 1:]
    y = metal_selective_swiglu(proj, keep)
    assert_agree([y], [naive_selective_swiglu(proj, keep)], dtype)


@pytest.mark.parametrize("offset", [0, 1])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1, 576), (2, 3, 100), (1, 1, 5), (1, 257)])
def test_norm_is_the_definition(
    shape: tuple[int, ...], dtype: str, offset: int
) -> None:
    with running():
        check_norm(shape, dtype, offset)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("width", "keep"), [(1440, 1224), (640, 544), (3, 2), (257, 1), (65, 65), (64, 0)]
)
def test_swiglu_is_the_definition(
    width: int, keep: int, dtype: str, ties: bool
) -> None:
    with running():
        check_swiglu(2, width, keep, dtype, ties)


def test_the_widest_row_fits_into_threadgroup_memory() -> None:
    with running():
        check_swiglu(1, WIDEST, 6000, "float32", False)


@pytest.mark.parametrize(("seed", "order"), ORDERS)
def test_order_does_not_matter(seed: int, order: str) -> None:
    with running(seed, order):
        check_swiglu(1, 640, 80, "float32", True)
        check_norm((2, 640), "float32")


NORM_MUTATIONS = [
    Mutation(
        "row stride",
        "threadgroup_position_in_grid.y * D",
        "threadgroup_position_in_grid.y",
    ),
    Mutation(
        "missing reduction",
        "squares = threadgroup_sum(squares, scratch, lane, group, THREADS / 32);",
        "",
    ),
    Mutation(
        "bound",
        "i < D; i += THREADS) {\n  float sum",
        "i <= D; i += THREADS) {\n  float sum",
    ),
    Mutation("stride", "i += THREADS) {\n  float weight", "i += 32) {\n  float weight"),
    Mutation("implicit bfloat", "T rounded = static_cast<T>(sum);", "T rounded = sum;"),
    Mutation("half the groups", "group, THREADS / 32)", "group, THREADS / 64)"),
    Mutation("address space", "threadgroup float scratch[32];", "float scratch[32];"),
    Mutation(
        "own element only",
        "static_cast<float>(total[row + i]) * inv",
        "static_cast<float>(total[row + (i + 1) % D]) * inv",
    ),
    Mutation("offset", "float(OFFSET) + ", ""),
]

SWIGLU_MUTATIONS = [
    Mutation("first barrier", "silu_of(gate) * up));\n}\nthreadgroup_barrier(mem_flags::mem_threadgroup);", "silu_of(gate) * up));\n}"),
    Mutation("barrier of the count", "group] = count;\n    }\n    threadgroup_barrier(mem_flags::mem_threadgroup);", "group] = count;\n    }"),
    Mutation("one half only", "half_used = 1u - half_used;", ""),
    Mutation("barrier of the ranks", "rank + equal;\n  }\n  threadgroup_barrier(mem_flags::mem_threadgroup);", "rank + equal;\n  }"),
    Mutation("last barrier", "= 0.0f;\n    }\n  }\n  threadgroup_barrier(mem_flags::mem_threadgroup);", "= 0.0f;\n    }\n  }"),
    Mutation("missing reduction", "count = simd_sum(count);", ""),
    Mutation("off by one", "rank < uint(KEEP) - above", "rank <= uint(KEEP) - above"),
    Mutation("ranks inclusive", "simd_prefix_exclusive_sum", "simd_prefix_inclusive_sum"),
    Mutation("ranks of a group", "for (uint s = 0; s < group; s++)", "for (uint s = 0; s < 0; s++)"),
    Mutation("wrong lane", "if (lane == 31)", "if (lane == 0)"),
    Mutation("sign counts", "as_type<uint>(metal::fabs(hidden[first + e]))", "as_type<uint>(hidden[first + e])"),
    Mutation("row", "y[row * F + i]", "y[row + i]"),
    Mutation("address space", "threadgroup uint counts[", "uint counts["),
]  # fmt: skip


@emulator_only
@pytest.mark.parametrize("mutation", NORM_MUTATIONS, ids=lambda m: m.name)
def test_faults_of_the_norm_are_caught(mutation: Mutation) -> None:
    def run() -> None:
        with running():
            check_norm((2, 300), "bfloat16")

    assert_caught("add_rms_norm", mutation, run)


@emulator_only
@pytest.mark.parametrize("mutation", SWIGLU_MUTATIONS, ids=lambda m: m.name)
def test_faults_of_the_selection_are_caught(mutation: Mutation) -> None:
    def run() -> None:
        with running():
            check_swiglu(2, 600, 80, "float32", True)

    assert_caught("selective_swiglu", mutation, run)
