"""What the emulator itself promises, on kernels of a few lines."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import pytest
from metal_emulator import (
    GPUS,
    DivergenceError,
    Options,
    RaceError,
    estimate,
)
from short_kernel import THREADS, run, values

# What tests the tests may take long.
pytestmark = pytest.mark.slow


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
