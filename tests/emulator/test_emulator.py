"""What the emulator itself promises, on kernels of a few lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import metal_emulator
import mlx.core as mx
import numpy as np
import pytest
from metal_emulator import (
    GPUS,
    CompileError,
    DivergenceError,
    InactiveLaneError,
    LaunchError,
    LintError,
    MisalignedAccessError,
    Options,
    OutOfBoundsError,
    RaceError,
    Report,
    ThreadgroupMemoryError,
    TimeLimitError,
    UninitialisedReadError,
    UnsupportedError,
    UnwrittenOutputError,
    cache_directory,
    emulated,
    estimate,
    lint,
    run_kernel,
)

# What tests the tests may take long.
pytestmark = pytest.mark.slow

THREADS = 64


def values(array: mx.array) -> list[Any]:
    return list(np.array(array))


def run(
    source: str,
    x: mx.array | None = None,
    *,
    threads: int = THREADS,
    threadgroup: int = THREADS,
    shape: tuple[int, ...] = (THREADS,),
    dtype: mx.Dtype = mx.float32,
    **arguments: Any,
) -> tuple[mx.array, Report]:
    """One input x (0, 1, 2... if not given), one output y."""
    x = mx.arange(THREADS, dtype=mx.float32) if x is None else x
    outputs, report = run_kernel(
        name="test",
        source="uint i = thread_position_in_grid.x;\n" + source,
        input_names=["x"],
        output_names=["y"],
        inputs=[x],
        grid=(threads, 1, 1),
        threadgroup=(threadgroup, 1, 1),
        output_shapes=[shape],
        output_dtypes=[dtype],
        **arguments,
    )
    return outputs[0], report


# ---------------------------------------------------------------- correct ones


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


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("simd_sum(x[i])", lambda lane: sum(range(32))),
        ("simd_max(x[i])", lambda lane: 31),
        ("simd_prefix_exclusive_sum(x[i])", lambda lane: sum(range(lane))),
        ("simd_shuffle_xor(x[i], 5)", lambda lane: lane ^ 5),
        ("simd_shuffle_down(x[i], 3)", lambda lane: lane + 3 if lane < 29 else lane),
        ("simd_shuffle_up(x[i], 3)", lambda lane: lane - 3 if lane > 2 else lane),
        ("simd_broadcast(x[i], 9)", lambda lane: 9),
        (
            "simd_shuffle_and_fill_up(x[i], 7.0f, 2)",
            lambda lane: lane - 2 if lane > 1 else 7,
        ),
        ("quad_sum(x[i])", lambda lane: 4 * (lane // 4 * 4) + 6),
        ("float(simd_any(i == 3))", lambda lane: 1),
        ("float(ulong(simd_ballot(i < 3)))", lambda lane: 7),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_simd_functions(call: str, expected: Any) -> None:
    y, _ = run(f"y[i] = {call};", threads=32, shape=(32,))
    assert values(y) == [expected(lane) for lane in range(32)]


def test_atomics() -> None:
    source = "atomic_fetch_add_explicit(&y[i % 2], x[i], memory_order_relaxed);"
    y, report = run(source, shape=(2,), atomic_outputs=True, init_value=0)
    assert values(y) == [sum(range(0, 64, 2)), sum(range(1, 64, 2))]
    assert report.atomics == THREADS


def test_barrier_orders_device_memory_of_a_threadgroup() -> None:
    source = "y[i] = x[i]; {} y[i] = 1; {} if (i == 0) {{ y[1] += y[2]; }}"
    barrier = "threadgroup_barrier(mem_flags::mem_device);"
    y, _ = run(source.format(barrier, barrier))
    assert values(y)[:3] == [1, 2, 1]
    with pytest.raises(RaceError):
        run(source.format(barrier, ""))


def test_simdgroup_barrier_orders_its_simdgroup_only() -> None:
    source = """
    threadgroup float a[64];
    a[i] = x[i];
    simdgroup_barrier(mem_flags::mem_threadgroup);
    y[i] = a[(i + 1) % {}];
    """
    run(source.format(32), threads=32, shape=(32,))
    with pytest.raises(RaceError):
        run(source.format(64))


def test_simdgroup_barrier_orders_reads_before_a_write() -> None:
    source = """
    threadgroup float a[1];
    if (i == 0) { a[0] = 1.0f; }
    simdgroup_barrier(mem_flags::mem_threadgroup);
    float before = a[0];
    simdgroup_barrier(mem_flags::mem_threadgroup);
    if (i == 3) { a[0] = a[0] + before; }
    simdgroup_barrier(mem_flags::mem_threadgroup);
    y[i] = a[0];
    """
    y, _ = run(source, threads=32, shape=(32,))
    assert values(y) == [2.0] * 32


def test_partial_simdgroup_functions_only_when_allowed() -> None:
    source = "y[i] = 0; if (i % 32 < 4) { y[i] = simd_sum(x[i]); }"
    with pytest.raises(DivergenceError):
        run(source)
    allowed = Options(allow_divergent_simd=True)
    y, _ = run(
        "y[i] = 0; if (i >= 40) { return; } y[i] = simd_sum(1);", options=allowed
    )
    assert values(y) == [32] * 32 + [8] * 8 + [0] * 24
    y, _ = run(source, options=allowed)
    assert values(y)[:5] == [6, 6, 6, 6, 0]
    assert values(y)[32:37] == [134, 134, 134, 134, 0]


def test_denormals_are_flushed() -> None:
    x = mx.full((THREADS,), 1e-30)
    assert values(run("y[i] = x[i] * 1e-10;", x)[0]) == [0.0] * THREADS
    kept, _ = run("y[i] = x[i] * 1e-10;", x, options=Options(flush_denormals=False))
    assert 0 < float(kept[0]) < 1.2e-38


def test_order_of_sums_is_an_option() -> None:
    mx.random.seed(0)
    x = mx.random.normal((THREADS,))
    variants = (
        Options(simd_reduction_order="butterfly"),
        Options(simd_reduction_order="sequential"),
        Options(simd_reduction_order="halving"),
    )
    sums = {float(run("y[i] = simd_sum(x[i]);", x, options=o)[0][0]) for o in variants}
    assert len(sums) > 1
    assert max(sums) - min(sums) < 1e-5


def test_noise_of_fast_functions_is_an_option() -> None:
    exact, _ = run("y[i] = fast::exp(x[i] * 0.01);")
    noisy, _ = run("y[i] = fast::exp(x[i] * 0.01);", options=Options(fast_math_ulps=2))
    assert not mx.array_equal(exact, noisy)
    assert mx.allclose(exact, noisy, rtol=2e-6)


def test_unordered_stores_of_the_same_value_are_a_warning() -> None:
    _, report = run("y[0] = 1.0f;", shape=(1,))
    assert len(report.warnings) == 1
    assert "two threads write y" in report.warnings[0]
    with pytest.raises(RaceError, match=r"two threads write y .* source line 2: `y\[0"):
        run("y[0] = x[i];", shape=(1,))


# ------------------------------------------------------------------ wrong ones


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


@pytest.mark.parametrize(
    "body",
    [
        "for (int i = 0; i < n; ++i) { float a = b * c; T x = static_cast<T>(a * B); }",
        "const device float* p = x; threadgroup float* q = a; thread float& r = s;",
        "auto p = x + 1; auto* q = &x[2]; float y = (a) * (b), z = M * N;",
        "float device_scale = 1.0f; int kernel_size = 3; // double, std::vector",
        "for (uint i = 0; i < Dk; i += 32) { s[i] = T(A[i] * B[i]); foo(A * B, C); }",
        "y[i] = *(const device float*)(p) + *reinterpret_cast<device T*>(q) + (A * b);",
    ],
)
def test_lint_accepts_in_a_body(body: str) -> None:
    assert (
        lint(f"[[kernel]] void k(device float* y [[buffer(0)]]) {{\n{body}\n}}") == []
    )


@pytest.mark.parametrize(
    "header",
    [
        "constant float table[2] = {1, 2}; static constant constexpr int k = 3;",
        "template <typename T> float f(const device T* p) { return g(p[0] * 2); }",
        "struct Pair { float a; float b; }; using P = Pair; typedef float F;",
    ],
)
def test_lint_accepts_in_a_header(header: str) -> None:
    assert lint(header) == []


def test_lint_can_be_switched_off() -> None:
    source = "auto f = [&](uint k) { return x[k]; }; y[i] = f(i);"
    with pytest.raises(LintError):
        run(source)
    run(source, options=Options(lint=False))


# -------------------------------------------------------------------- counters


def test_counters() -> None:
    source = """
    float sum = 0.0f;
    for (uint k = 0; k < 4; ++k) { sum += x[k] * x[i]; }
    threadgroup_barrier(mem_flags::mem_none);
    y[i] = exp(sum) + simd_sum(sum);
    """
    _, report = run(source, threadgroup=32)
    traffic = report.buffers["x"]
    assert report.flops == THREADS * (4 * 2 + 1)
    assert report.special_functions == THREADS
    assert report.threadgroup_barriers == 2
    assert report.simd_operations == 2
    assert traffic.unique_bytes_loaded == THREADS * 4
    assert traffic.unique_bytes_loaded_per_threadgroup == (32 + 36) * 4
    assert traffic.bytes_loaded == THREADS * 5 * 4
    assert report.buffers["y"].bytes_stored == THREADS * 4
    assert report.unique_bytes == 2 * THREADS * 4


def test_estimate_is_bound_by_memory_for_a_copy() -> None:
    _, report = run("y[i] = x[i];")
    result = estimate(report, GPUS["M4"])
    assert result.bound == "memory"
    assert result.memory == pytest.approx(2 * THREADS * 4 / 120e9)
    slow = estimate(report, GPUS["M4"], serial_steps=100, cycles_per_step=130)
    assert slow.bound == "serial"
    assert slow.seconds == pytest.approx(1e-5 + slow.launch)


# ------------------------------------------------------------------- emulated()


@pytest.fixture
def reports() -> Iterator[list[Report]]:
    with emulated() as all_reports:
        yield all_reports


def doubled(x: mx.array, threads_per_group: int = 32) -> mx.array:
    """Project code as it might be: builds, guards and launches a kernel."""
    if mx.default_device() != mx.gpu or not mx.metal.is_available():
        return x * 2
    kernel: Any = mx.fast.metal_kernel(
        name="doubled",
        input_names=["x"],
        output_names=["y"],
        source="uint i = thread_position_in_grid.x; y[i] = x[i] * T(2);",
    )
    outputs: list[mx.array] = kernel(
        inputs=[x],
        template=[("T", x.dtype)],
        grid=(x.size, 1, 1),
        threadgroup=(threads_per_group, 1, 1),
        output_shapes=[x.shape],
        output_dtypes=[x.dtype],
        stream=mx.gpu,
    )
    return outputs[0]


def test_project_code_runs_unchanged(reports: list[Report]) -> None:
    x = mx.arange(100, dtype=mx.float32)
    assert mx.array_equal(doubled(x), x * 2)
    assert [r.kernel for r in reports] == ["doubled"]


def test_guards_can_be_left_alone() -> None:
    with emulated(pretend_gpu=False) as reports:
        doubled(mx.arange(100))
    assert reports == []


def test_everything_is_restored() -> None:
    before = (mx.fast.metal_kernel, mx.metal.is_available, mx.default_device)
    with emulated():
        assert mx.metal.is_available()
    assert (mx.fast.metal_kernel, mx.metal.is_available, mx.default_device) == before


def test_compiled_functions_run_untraced(reports: list[Report]) -> None:
    compiled: Any = mx.compile(doubled)
    x = mx.arange(64, dtype=mx.float32)
    assert mx.array_equal(compiled(x), x * 2)
    assert len(reports) == 1


def test_nested_contexts_keep_compile_off(reports: list[Report]) -> None:
    with emulated():
        pass
    mx.compile(doubled)(mx.arange(64, dtype=mx.float32))
    assert len(reports) == 1


def test_traced_call_is_an_error() -> None:
    with emulated(disable_compile=False), pytest.raises(UnsupportedError):
        mx.compile(doubled)(mx.arange(64, dtype=mx.float32))


def test_repeated_calls_are_fast(reports: list[Report]) -> None:
    x = mx.arange(64, dtype=mx.float32)
    for _ in range(3):
        doubled(x)
    assert reports[1].compile_seconds == reports[2].compile_seconds == 0.0


# ---------------------------------------------------------------------- files


def test_generated_files_are_outside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = Path(metal_emulator.__file__).parent
    assert not cache_directory().is_relative_to(package)
    for variable in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"):
        # zig would build its C++ library once more, which takes a minute.
        monkeypatch.setenv(variable, str(cache_directory() / "zig"))
    monkeypatch.setenv("METAL_EMULATOR_CACHE", str(tmp_path / "new"))
    assert cache_directory() == tmp_path / "new"
    run("y[i] = x[i] + 12345.0f;")
    assert len(list((tmp_path / "new").glob("kernel-*.so"))) == 1
    assert {p.suffix for p in package.rglob("*") if p.is_file()} <= {
        *(".py", ".pyc", ".cpp", ".h", ".md", ""),
    }
