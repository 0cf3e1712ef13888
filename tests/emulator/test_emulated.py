"""The project's own code on the emulator, unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import metal_emulator
import mlx.core as mx
import pytest
from metal_emulator import (
    Report,
    UnsupportedError,
    cache_directory,
    emulated,
)
from short_kernel import run

# What tests the tests may take long.
pytestmark = pytest.mark.slow


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
