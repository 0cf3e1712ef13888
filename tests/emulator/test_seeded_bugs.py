"""A catalogue of mistakes, each seeded into a correct kernel, and what finds it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

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
    emulated,
    import_emulated,
    run_kernel,
)

# What tests the tests may take long.
pytestmark = pytest.mark.slow

pytest.importorskip("mlx_lm", reason="mlx-lm is not installed")
with emulated():
    gated_delta = import_emulated("mlx_lm.models.gated_delta")

GENERIC: str = gated_delta._gated_delta_kernel.definition.source
PACKED: str = gated_delta._gated_delta_kernel_packed.definition.source

# Inclusive prefix sum of x [N] by one threadgroup of TG threads.
SCAN = """
  uint tid = thread_index_in_threadgroup;
  uint lane = thread_index_in_simdgroup;
  uint group = simdgroup_index_in_threadgroup;
  threadgroup float part[32];
  threadgroup float carry[1];
  if (tid == 0) { carry[0] = 0.0; }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint base = 0; base < N; base += TG) {
    uint i = base + tid;
    float v = i < N ? float(x[i]) : 0.0f;
    float inclusive = simd_prefix_inclusive_sum(v);
    if (lane == 31) { part[group] = inclusive; }
    threadgroup_barrier(mem_flags::mem_threadgroup);  // parts
    float offset = carry[0];
    for (uint j = 0; j < group; ++j) { offset += part[j]; }
    if (i < N) { y[i] = T(offset + inclusive); }
    threadgroup_barrier(mem_flags::mem_threadgroup);  // carry read
    if (tid == TG - 1) { carry[0] = offset + inclusive; }
    threadgroup_barrier(mem_flags::mem_threadgroup);  // carry written
  }
"""

# o [32, N] = a [32, K] @ b [K, N], one SIMD-group per 8x8 tile.
MATMUL = """
  simdgroup_matrix<float, 8, 8> acc = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_matrix<float, 8, 8> ma, mb;
  uint r = threadgroup_position_in_grid.y * 8, c = threadgroup_position_in_grid.x * 8;
  for (uint k = 0; k < K; k += 8) {
    simdgroup_load(ma, a + r * K + k, K);
    simdgroup_load(mb, b + k * N + c, N);
    simdgroup_multiply_accumulate(acc, ma, mb, acc);
  }
  simdgroup_store(acc, o + r * N + c, N);
"""

HELPER = """template <typename T>
float dot4(const device T* p, thread const float* s) {
  float sum = 0.0f;
  for (int i = 0; i < 4; ++i) { sum += s[i] * float(p[i]); }
  return sum;
}
"""

BARRIER = "threadgroup_barrier(mem_flags::mem_threadgroup);"
B, T, HK, HV, DK, DV = 1, 8, 1, 2, 128, 32
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Run:
    """A kernel with the bug (or none) in it; returns the largest error."""

    body: str
    header: str = ""
    dtype: mx.Dtype = mx.float32
    grid: tuple[int, int, int] | None = None
    threadgroup: tuple[int, int, int] | None = None
    options: Options = field(default_factory=Options)


def largest_difference(pairs: list[tuple[mx.array, mx.array]]) -> float:
    return max(float(mx.abs(a.astype(mx.float32) - b).max()) for a, b in pairs)


def run_gated_delta(run: Run, seed: int) -> float:
    mx.random.seed(0)
    q = mx.random.normal((B, T, HK, DK))
    k = mx.random.normal((B, T, HK, DK))
    q, k = gated_delta.normalize_qk(q, k, inv_scale=DK**-0.5, eps=1e-6)
    v = mx.random.normal((B, T, HV, DV))
    g = mx.exp(-mx.random.uniform(0, 1, (B, T, HV)))
    beta = mx.sigmoid(mx.random.normal((B, T, HV)))
    state = mx.random.normal((B, HV, DV, DK))
    expected = gated_delta.gated_delta_ops(q, k, v, g, beta, state)
    packed = run.body.count("lanes_per_row") > 0
    q, k, v, beta = (x.astype(run.dtype) for x in (q, k, v, beta))
    outputs, _ = run_kernel(
        name="gated_delta",
        source=run.body,
        header=run.header,
        input_names=["q", "k", "v", "g", "beta", "state_in", "T"],
        output_names=["y", "state_out"],
        inputs=[q, k, v, g, beta, state, T],
        template=[
            *(("InT", run.dtype), ("StT", mx.float32)),
            *(("Dk", DK), ("Dv", DV), ("Hk", HK), ("Hv", HV)),
        ],
        grid=run.grid or (32, DV // 8 if packed else DV, B * HV),
        threadgroup=run.threadgroup or (32, 2 if packed else 4, 1),
        output_shapes=[v.shape, state.shape],
        output_dtypes=[run.dtype, mx.float32],
        seed=seed,
        options=run.options,
    )
    return largest_difference(list(zip(outputs, expected, strict=True)))


def run_scan(run: Run, seed: int, threads: int = 256) -> float:
    mx.random.seed(0)
    x = mx.random.normal((1000,))
    outputs, _ = run_kernel(
        name="scan",
        source=run.body,
        header=run.header,
        input_names=["x"],
        output_names=["y"],
        inputs=[x],
        template=[("T", mx.float32), ("N", x.size), ("TG", threads)],
        grid=(threads, 1, 1),
        threadgroup=(threads, 1, 1),
        output_shapes=[x.shape],
        output_dtypes=[mx.float32],
        seed=seed,
        options=run.options,
    )
    return largest_difference([(outputs[0], mx.cumsum(x))])


def run_matmul(run: Run, seed: int) -> float:
    mx.random.seed(0)
    a, b = mx.random.normal((32, 24)), mx.random.normal((24, 40))
    outputs, _ = run_kernel(
        name="matmul",
        source=run.body,
        header=run.header + "#include <metal_simdgroup_matrix>\n",
        input_names=["a", "b"],
        output_names=["o"],
        inputs=[a, b],
        template=[("K", 24), ("N", 40)],
        grid=(32 * 5, 4, 1),
        threadgroup=(32, 1, 1),
        output_shapes=[(32, 40)],
        output_dtypes=[mx.float32],
        seed=seed,
        options=run.options,
    )
    return largest_difference([(outputs[0], a @ b)])


def edit(text: str, *replacements: tuple[str, str]) -> str:
    for old, new in replacements:
        assert old in text, f"{old!r} is not in the kernel"
        text = text.replace(old, new, 1)
    return text


def scan(*replacements: tuple[str, str]) -> Run:
    return Run(edit(SCAN, *replacements))


def generic(*replacements: tuple[str, str], **changes: object) -> Run:
    return Run(edit(GENERIC, *replacements), **changes)  # type: ignore[arg-type]


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
