"""What a kernel is given, and what it gives, in every type."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import pytest
from metal_emulator import (
    run_kernel,
)
from short_kernel import THREADS, run, values

# What tests the tests may take long.
pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "dtype",
    [mx.float32, mx.float16, mx.bfloat16, mx.int32, mx.uint8, mx.int64, mx.bool_],
    ids=str,
)
def test_copies_every_type(dtype: mx.Dtype) -> None:
    x = (mx.arange(THREADS) % 2).astype(dtype)
    y, _ = run("y[i] = x[i];", x, dtype=dtype)
    assert y.dtype == dtype
    assert mx.array_equal(x, y)


def test_scalar_inputs_shapes_and_strides() -> None:
    (y,), _ = run_kernel(
        source="uint i = thread_position_in_grid.x;"
        "y[i] = x_shape[1] * 1000 + x_strides[0] * 10 + x_ndim + n + (b ? f : 0);",
        input_names=["x", "n", "f", "b"],
        output_names=["y"],
        inputs=[mx.zeros((3, 7)), 100, 0.5, True],
        grid=(1, 1, 1),
        threadgroup=(1, 1, 1),
        output_shapes=[(1,)],
        output_dtypes=[mx.float32],
    )
    assert y.item() == 7000 + 70 + 2 + 100 + 0.5


def test_equal_scalars_of_different_types() -> None:
    def kind(n: float) -> Any:
        (y,), _ = run_kernel(
            source="y[0] = is_same_v<decltype(n), const constant bool&> ? 1 : "
            "is_same_v<decltype(n), const constant float&> ? 2 : 3;",
            input_names=["n"],
            output_names=["y"],
            inputs=[n],
            grid=(1, 1, 1),
            threadgroup=(1, 1, 1),
            output_shapes=[(1,)],
            output_dtypes=[mx.int32],
        )
        return y.item()

    assert [kind(True), kind(1.0), kind(1)] == [1, 2, 3]


def test_strides_of_a_transposed_input() -> None:
    x = mx.arange(24, dtype=mx.float32).reshape(4, 6).T
    source = "y[i] = x[(i / 4) * x_strides[0] + (i % 4) * x_strides[1]];"
    y, _ = run(
        source, x, threads=24, shape=(6, 4), ensure_row_contiguous=False, template=[]
    )
    assert mx.array_equal(x, y)


def test_inputs_that_mlx_would_copy_are_counted() -> None:
    x = mx.arange(THREADS, dtype=mx.float32).reshape(8, 8)
    source = "y[thread_position_in_grid.x] = x[thread_position_in_grid.x];"
    assert run(source, x)[1].copied_bytes == 0
    copied, report = run(source, x.T)
    assert report.copied_bytes == x.nbytes
    assert values(copied)[:3] == [0, 8, 16]


def test_grid_that_is_no_multiple_of_the_threadgroup() -> None:
    source = "y[i] = threads_per_threadgroup.x * 100 + simdgroups_per_threadgroup;"
    y, report = run(source, threads=50, threadgroup=32, shape=(50,))
    assert values(y) == [3201.0] * 32 + [1801.0] * 18
    assert (report.threads, report.threadgroups) == (50, 2)


def test_several_threadgroup_variables_in_one_declaration() -> None:
    source = """
    threadgroup float a[64], b[2][32];
    a[i] = x[i]; b[i / 32][i % 32] = 2 * x[i];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    y[i] = a[63 - i] + b[1 - i / 32][31 - i % 32];
    """
    y, report = run(source)
    assert mx.array_equal(y, 3 * mx.arange(63, -1, -1))
    assert report.threadgroup_memory == 2 * 64 * 4


def test_vectors() -> None:
    source = """
    float4 v = float4(float2(1.0), x[i], 2);
    half4 h = half4(v);
    y[i] = dot(float4(h), float4(1)) + v.zw.x;
    """
    y, _ = run(source)
    assert mx.array_equal(y, 4 + 2 * mx.arange(THREADS))
