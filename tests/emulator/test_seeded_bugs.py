"""A catalogue of mistakes, each seeded into a correct kernel, and what finds it."""

from __future__ import annotations

import re
from collections.abc import Callable

import mlx.core as mx
import pytest
from metal_emulator import (
    CompileError,
    DivergenceError,
    LintError,
    Options,
    OutOfBoundsError,
    RaceError,
    UninitialisedReadError,
    UnwrittenOutputError,
)
from seeded_kernels import (
    BARRIER,
    DV,
    HELPER,
    HV,
    MATMUL,
    PACKED,
    SCAN,
    TOLERANCE,
    B,
    Run,
    edit,
    generic,
    run_gated_delta,
    run_matmul,
    run_scan,
    scan,
)

# What tests the tests may take long.
pytestmark = pytest.mark.slow

KV_SUM = "kv_mem = simd_sum(kv_mem);"
OUT_SUM = "out = simd_sum(out);"
USE_HELPER = (
    KV_SUM,
    "kv_mem = simd_sum(kv_mem + 0.0f * dot4(k_ + n_per_t * dk_idx, state));",
)

CORRECT: dict[str, tuple[Callable[[Run, int], float], Run]] = {
    "gated-delta": (run_gated_delta, generic()),
    "gated-delta-packed": (run_gated_delta, Run(PACKED)),
    "gated-delta-header-helper": (run_gated_delta, generic(USE_HELPER, header=HELPER)),
    "gated-delta-header-table": (
        run_gated_delta,
        generic(
            header="constant constexpr float table[2] = {1.0f, 2.0f};\n"
            "typedef float Number;\nusing Pair = float2;\n"
        ),
    ),
    "gated-delta-sequential-sums": (
        run_gated_delta,
        generic(options=Options(simd_reduction_order="sequential")),
    ),
    "gated-delta-halving-sums": (
        run_gated_delta,
        generic(options=Options(simd_reduction_order="halving")),
    ),
    "gated-delta-all-fused": (
        run_gated_delta,
        generic(options=Options(fp_contract="fast")),
    ),
    "scan": (run_scan, Run(SCAN)),
    # These two barriers are redundant: the ones of the next round do their work.
    "scan-without-last-barrier": (
        run_scan,
        scan((BARRIER + "  // carry written", "")),
    ),
    "scan-without-first-barrier": (run_scan, scan((BARRIER, ""))),
    "matmul": (run_matmul, Run(MATMUL)),
}

WRONG_VALUES = "wrong values"

BUGS: dict[str, tuple[Callable[[Run, int], float], Run, type | str]] = {
    # -- synchronisation
    "scan-no-barrier-after-parts": (
        run_scan,
        scan((BARRIER + "  // parts", "")),
        UninitialisedReadError,  # also a race; which one shows first is chance
    ),
    "scan-no-barrier-before-carry-write": (
        run_scan,
        scan((BARRIER + "  // carry read", "")),
        RaceError,
    ),
    "scan-barrier-orders-no-memory": (
        run_scan,
        Run(SCAN.replace("mem_threadgroup)", "mem_none)")),
        RaceError,
    ),
    "scan-barrier-orders-device-memory-only": (
        run_scan,
        Run(SCAN.replace("mem_threadgroup)", "mem_device)")),
        RaceError,
    ),
    "scan-simdgroup-barriers": (
        run_scan,
        Run(SCAN.replace("threadgroup_barrier(", "simdgroup_barrier(")),
        RaceError,
    ),
    "scan-barrier-in-a-branch": (
        run_scan,
        scan(
            (
                f"part[group] = inclusive; }}\n    {BARRIER}",
                f"part[group] = inclusive; {BARRIER} }}",
            )
        ),
        UninitialisedReadError,  # lane 31 leaves the others behind
    ),
    "scan-return-before-a-barrier": (
        run_scan,
        scan(("    float v = i", "    if (i >= N) { return; }\n    float v = i")),
        DivergenceError,
    ),
    "gated-delta-sum-in-a-branch": (
        run_gated_delta,
        generic(
            (OUT_SUM, ""),
            ("static_cast<InT>(out)", "static_cast<InT>(simd_sum(out))"),
        ),
        DivergenceError,
    ),
    "gated-delta-all-lanes-store-partial-sums": (
        run_gated_delta,
        generic((OUT_SUM, ""), ("if (thread_index_in_simdgroup == 0)", "if (true)")),
        RaceError,
    ),
    # -- memory
    "scan-carry-not-initialised": (
        run_scan,
        scan(("if (tid == 0) { carry[0] = 0.0; }", "")),
        UninitialisedReadError,
    ),
    "scan-threadgroup-array-too-small": (
        run_scan,
        scan(("float part[32]", "float part[4]")),
        OutOfBoundsError,
    ),
    "scan-no-bounds-check": (
        run_scan,
        scan(("i < N ? float(x[i]) : 0.0f", "float(x[i])")),
        OutOfBoundsError,
    ),
    "gated-delta-state-index-off-by-one": (
        run_gated_delta,
        generic(
            (
                "(n * Dv + dv_idx) * Dk;\n        auto o_state",
                "(n * Dv + dv_idx) * Dk + 1;\n        auto o_state",
            )
        ),
        OutOfBoundsError,
    ),
    "gated-delta-grid-too-small": (
        run_gated_delta,
        generic(grid=(32, DV - 4, B * HV)),
        UnwrittenOutputError,
    ),
    "gated-delta-grid-too-large": (
        run_gated_delta,
        generic(grid=(32, DV, B * HV + 1)),
        OutOfBoundsError,
    ),
    "gated-delta-threadgroup-narrower-than-simdgroup": (
        run_gated_delta,
        generic(threadgroup=(16, 4, 1)),
        UnwrittenOutputError,
    ),
    # -- arithmetic
    "gated-delta-key-stride": (
        run_gated_delta,
        generic(("k_ += Hk * Dk;", "k_ += Hk * Dv;")),
        WRONG_VALUES,
    ),
    "gated-delta-value-stride": (
        run_gated_delta,
        generic(("v_ += Hv * Dv;", "v_ += Hk * Dv;")),
        WRONG_VALUES,
    ),
    "gated-delta-memory-not-summed": (
        run_gated_delta,
        generic((KV_SUM, "")),
        WRONG_VALUES,
    ),
    "gated-delta-output-not-summed": (
        run_gated_delta,
        generic((OUT_SUM, "")),
        WRONG_VALUES,
    ),
    "gated-delta-packed-shuffle-dropped": (
        run_gated_delta,
        Run(edit(PACKED, ("kv_mem += simd_shuffle_xor(kv_mem, 2);", ""))),
        WRONG_VALUES,
    ),
    "matmul-leading-dimension": (
        run_matmul,
        Run(edit(MATMUL, ("b + k * N + c, N", "b + k * N + c, K"))),
        WRONG_VALUES,
    ),
    "matmul-transposed-store": (
        run_matmul,
        Run(
            edit(
                MATMUL,
                ("o + r * N + c, N)", "o + r * N + c, N, ulong2(0, 0), true)"),
            )
        ),
        WRONG_VALUES,
    ),
    # -- address spaces and types
    "scan-threadgroup-array-in-a-plain-pointer": (
        run_scan,
        scan(
            (
                "float offset = carry[0];",
                "float* p = part; float offset = carry[0] + 0 * p[0];",
            )
        ),
        LintError,
    ),
    "scan-threadgroup-array-in-a-device-pointer": (
        run_scan,
        scan(
            (
                "float offset = carry[0];",
                "device float* p = part; float offset = carry[0] + 0 * p[0];",
            )
        ),
        CompileError,
    ),
    "gated-delta-local-pointer-without-address-space": (
        run_gated_delta,
        generic(("auto i_state =", "const StT* i_state =")),
        LintError,
    ),
    "gated-delta-helper-without-address-space": (
        run_gated_delta,
        generic(USE_HELPER, header=HELPER.replace("const device T*", "const T*")),
        LintError,
    ),
    "gated-delta-write-to-an-input": (
        run_gated_delta,
        generic(("o_state[s_idx] =", "i_state[s_idx] =")),
        CompileError,
    ),
    "gated-delta-implicit-conversion-to-bfloat": (
        run_gated_delta,
        generic(
            ("y[dv_idx] = static_cast<InT>(out);", "y[dv_idx] = out;"),
            dtype=mx.bfloat16,
        ),
        CompileError,
    ),
    # -- the language
    "not-ascii": (run_scan, Run(SCAN + "// 8 \u00d7 8\n"), LintError),
    "double": (run_scan, scan(("float v =", "double v =")), LintError),
    "standard-library": (
        run_scan,
        scan(("float v = i", "float v = std::exp(0.0f) + i")),
        LintError,
    ),
    "function-metal-lacks": (
        run_scan,
        scan(("float v =", "float v = 0.0f * metal::log1p(1.0f) +")),
        CompileError,
    ),
    "max-of-uint-and-int": (
        run_scan,
        scan(("uint i = base + tid;", "uint i = max(base + tid, 0);")),
        CompileError,
    ),
    "attribute-used-in-the-header-only": (
        run_gated_delta,
        generic(header="uint lane() { return simdgroup_index_in_threadgroup; }\n"),
        CompileError,
    ),
    "recursion": (
        run_gated_delta,
        generic(
            (KV_SUM, "kv_mem = simd_sum(kv_mem) + 0.0f * down(3);"),
            header="float down(int n) { return n <= 0 ? 0.0f : down(n - 1) + 1.0f; }\n",
        ),
        LintError,
    ),
    "program-scope-table-not-constant": (
        run_gated_delta,
        generic(header="static const float table[2] = {1.0f, 2.0f};\n"),
        LintError,
    ),
    "threadgroup-variable-in-a-helper": (
        run_gated_delta,
        generic(header="void f() { threadgroup float z[4]; z[0] = 1.0f; }\n"),
        LintError,
    ),
    "lambda": (
        run_scan,
        scan(
            (
                "uint i = base",
                "auto same = [&](uint z) { return z; }; uint i = same(base)",
            )
        ),
        LintError,
    ),
}


@pytest.mark.parametrize("name", CORRECT)
def test_correct_kernels_pass(name: str) -> None:
    execute, run = CORRECT[name]
    assert execute(run, 0) < TOLERANCE


@pytest.mark.parametrize("name", BUGS)
def test_bug_is_found(name: str) -> None:
    execute, run, expected = BUGS[name]
    if expected == WRONG_VALUES:
        assert not execute(run, 0) < TOLERANCE
        return
    assert isinstance(expected, type)
    with pytest.raises(expected) as caught:
        execute(run, 0)
    if expected is not UnwrittenOutputError:
        assert re.search(r"(source|header) line \d+: `", str(caught.value))


@pytest.mark.parametrize("seed", range(5))
def test_interleaving_does_not_change_what_is_found(seed: int) -> None:
    assert run_scan(Run(SCAN), seed) < TOLERANCE
    execute, run, error = BUGS["scan-no-barrier-before-carry-write"]
    assert isinstance(error, type)
    with pytest.raises(error):
        execute(run, seed)
