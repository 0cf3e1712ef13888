"""What a GPU would not tell: faults of a kernel."""

from __future__ import annotations

import mlx.core as mx
import pytest
from metal_emulator import (
    CompileError,
    DivergenceError,
    InactiveLaneError,
    LaunchError,
    LintError,
    MisalignedAccessError,
    Options,
    OutOfBoundsError,
    RaceError,
    ThreadgroupMemoryError,
    TimeLimitError,
    UninitialisedReadError,
    UnsupportedError,
    UnwrittenOutputError,
    run_kernel,
)
from short_kernel import run, values

# What tests the tests may take long.
pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("y[i] = x[i + 1];", OutOfBoundsError, "'x': index 64, size 64"),
        ("y[i] = x[int(i) - 1];", OutOfBoundsError, "'x': index -1, size 64"),
        ("y[i] = y[i] + 1;", UninitialisedReadError, "y["),
        ("if (i != 5) { y[i] = 0; }", UnwrittenOutputError, "1 of 64 elements"),
        (
            "threadgroup float a[64]; y[i] = a[i];",
            UninitialisedReadError,
            "a[",
        ),
        (
            "threadgroup float a[9000]; a[i] = 0; y[i] = a[i];",
            ThreadgroupMemoryError,
            "36000",
        ),
        (
            "y[i] = *(const device float*)((const device char*)(x) + i + 1);",
            MisalignedAccessError,
            "'x'",
        ),
        (
            "y[i] = simd_shuffle(x[i], 40);",
            InactiveLaneError,
            "simd_shuffle",
        ),
        (
            "if (i < 8) { threadgroup_barrier(mem_flags::mem_device); } y[i] = 0;",
            DivergenceError,
            "8 threads wait in threadgroup_barrier at source line 2",
        ),
        ("y[i] = nothing;", CompileError, "source line 2: `y[i] = nothing;`"),
        ("int a[i]; a[0] = 1; y[i] = a[0];", CompileError, "variable length"),
        ("float f; y[i] = f;", CompileError, "uninitialized"),
        ("y[i] = x[i] / 2.0l;", LintError, "source line 2"),
        ("y[i] = *(float*)(&x[i]);", LintError, "a cast to a pointer"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_faults(source: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        run(source)
    assert message in str(caught.value)


def test_too_many_private_bytes() -> None:
    source = "float a[90000]; a[i] = 1; a[{}] = 2; y[i] = a[int(x[i]) * 7];"
    with pytest.raises(UnsupportedError, match="360000 bytes"):
        run(source.format("int(x[i]) * 9"))


def test_threadgroups_are_not_ordered() -> None:
    source = "if (i % 32 == 0) { y[i / 32] = 1; } else if (i == 33) { y[2] = y[0]; }"
    for seed in range(4):  # whichever threadgroup runs first
        with pytest.raises((RaceError, UninitialisedReadError)):
            run(source, threadgroup=32, shape=(3,), seed=seed)


def test_program_scope_table_out_of_bounds() -> None:
    header = "constant constexpr float table[3] = {5.0f, 6.0f, 7.0f};\n"
    y, _ = run("y[i] = table[int(x[i]) % 3];", header=header)
    assert values(y)[:3] == [5, 6, 7]
    with pytest.raises(OutOfBoundsError):
        run("y[i] = table[int(x[i])];", header=header)


def test_endless_loop() -> None:
    with pytest.raises(TimeLimitError, match="source line 2"):
        run(
            "y[i] = 0; while (x[0] == 0) { y[i] += 1; simd_sum(x[i]); }",
            options=Options(time_limit=0.2),
        )


def test_lines_of_the_header_are_named() -> None:
    header = "// helpers\nfloat last(const device float* p, uint i) { return p[i]; }\n"
    with pytest.raises(OutOfBoundsError, match="header line 2: `float last"):
        run("y[i] = last(x, i + 1);", header=header)


def test_small_inputs_are_in_another_address_space() -> None:
    header = "float first(const device float* p) { return p[0]; }\n"
    run("y[i] = first(x);", header=header)
    with pytest.raises(CompileError, match="fewer than 8 elements"):
        run("y[i] = first(x);", mx.zeros((4,)), header=header)


@pytest.mark.parametrize("size", [(2048, 1, 1), (0, 1, 1)])
def test_impossible_threadgroups(size: tuple[int, int, int]) -> None:
    with pytest.raises(LaunchError):
        run_kernel(
            source="y[0] = x[0];",
            input_names=["x"],
            output_names=["y"],
            inputs=[mx.zeros((8,))],
            grid=(4096, 1, 1),
            threadgroup=size,
            output_shapes=[(1,)],
            output_dtypes=[mx.float32],
        )


def test_mlx_checks_the_arguments() -> None:
    with pytest.raises(ValueError, match="metal_kernel"):
        run_kernel(
            source="y[0] = x[0];",
            input_names=["x"],
            output_names=["y"],
            inputs=[],
            grid=(1, 1, 1),
            threadgroup=(1, 1, 1),
            output_shapes=[(1,)],
            output_dtypes=[mx.float32],
        )
