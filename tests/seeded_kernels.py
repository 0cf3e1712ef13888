"""Kernels to put bugs into, and how far off each then is."""

from __future__ import annotations

from dataclasses import dataclass, field

import mlx.core as mx
import pytest
from metal_emulator import (
    Options,
    emulated,
    import_emulated,
    run_kernel,
)

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
