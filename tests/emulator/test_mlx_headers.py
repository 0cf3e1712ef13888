"""Kernels whose source is in the MLX wheel, against MLX's CPU results."""

from __future__ import annotations

from pathlib import Path

import mlx.core as mx
import pytest
from metal_emulator import Options, RaceError, lint, run_function
from metal_emulator.toolchain import mlx_include_directory
from mlx_decoders import needs_mlx_lm

from backends.mlx_family import library

# What tests the tests may take long.
pytestmark = pytest.mark.slow

TYPES = {mx.float32: "float", mx.bfloat16: "bfloat16_t", mx.float16: "half"}
EPSILON = {mx.float32: 2e-6, mx.float16: 2**-10, mx.bfloat16: 2**-7}
DTYPES = [pytest.param(d, id=n.removesuffix("_t")) for d, n in TYPES.items()]


def header(name: str) -> str:
    folder: Path = mlx_include_directory() / "mlx/backend/metal/kernels"
    return (folder / name).read_text()


# MLX's headers hold several kernels each, and use what newer versions of Metal allow.
NOT_FOR_HEADERS = ("not ASCII", "lambdas", "buffers; Metal has", "an internal name")


def test_lint_has_no_false_alarms_on_headers() -> None:
    root = mlx_include_directory() / "mlx/backend/metal/kernels"
    alarms = [
        f"{path.name}:{finding.line}: {finding.message}"
        for path in sorted(root.rglob("*.h"))
        for finding in lint(path.read_text())
        if not any(text in finding.message for text in NOT_FOR_HEADERS)
    ]
    assert alarms == []


def assert_close(actual: mx.array, expected: mx.array, epsilon: float) -> None:
    difference = mx.abs(actual.astype(mx.float32) - expected.astype(mx.float32))
    largest = mx.abs(expected.astype(mx.float32)).max()
    assert bool(difference.max() <= epsilon * largest)


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax(dtype: mx.Dtype) -> None:
    rows, columns, threads = 5, 700, 192
    x = mx.random.normal((rows, columns)).astype(dtype)
    outputs, report = run_function(
        header("softmax.h"),
        "softmax_single_row",
        template_arguments=[TYPES[dtype], "float", 4],
        arguments={"in": x, "axis_size": columns},
        outputs={"out": (x.shape, dtype)},
        grid=(rows * threads, 1, 1),
        threadgroup=(threads, 1, 1),
    )
    expected = mx.softmax(x.astype(mx.float32), axis=-1)
    assert_close(outputs["out"], expected, EPSILON[dtype])
    assert report.threadgroup_barriers == rows * 5
    assert report.threadgroup_memory == 2 * 32 * 4


@pytest.mark.parametrize("dtype", DTYPES)
def test_attention_of_one_query(dtype: mx.Dtype) -> None:
    heads, kv_heads, length, size = 4, 2, 37, 64
    q = mx.random.normal((1, heads, 1, size)).astype(dtype)
    k = mx.random.normal((1, kv_heads, length, size)).astype(dtype)
    v = mx.random.normal((1, kv_heads, length, size)).astype(dtype)
    unused = mx.zeros((8,), dtype=dtype)  # masks and sinks are off
    outputs, _ = run_function(
        header("sdpa_vector.h"),
        "sdpa_vector",
        template_arguments=[TYPES[dtype], size, size],
        arguments={
            "queries": q,
            "keys": k,
            "values": v,
            "gqa_factor": heads // kv_heads,
            "N": length,
            "k_head_stride": length * size,
            "k_seq_stride": size,
            "v_head_stride": length * size,
            "v_seq_stride": size,
            "scale": size**-0.5,
            "bmask": mx.zeros((8,), dtype=mx.bool_),
            "fmask": unused,
            "mask_kv_seq_stride": 0,
            "mask_q_seq_stride": 0,
            "mask_head_stride": 0,
            "sinks": unused,
            "num_q_heads": heads,
        },
        outputs={"out": (q.shape, dtype)},
        grid=(1024 * heads, 1, 1),
        threadgroup=(1024, 1, 1),
    )
    q, k, v = (x.astype(mx.float32) for x in (q, k, v))
    expected = mx.fast.scaled_dot_product_attention(q, k, v, scale=size**-0.5)
    assert_close(outputs["out"], expected, EPSILON[dtype])


def run_gated_delta(
    function: str, dtype: mx.Dtype, chunk: int, rows_per_group: int, options: Options
) -> tuple[dict[str, mx.array], tuple[mx.array, mx.array]]:
    """Outputs of a kernel of gated_delta_update.h, and the expected (y, state)."""
    lm = library.module("models.gated_delta")
    T, Hv, Dk, Dv = 13, 2, 64, 32
    mx.random.seed(3)
    q = mx.random.normal((1, T, 1, Dk))
    k = mx.random.normal((1, T, 1, Dk))
    q, k = lm.normalize_qk(q, k, inv_scale=Dk**-0.5, eps=1e-6)
    v = mx.random.normal((1, T, Hv, Dv))
    g = mx.exp(-mx.random.uniform(0, 1, (1, T, Hv)))
    beta = mx.sigmoid(mx.random.normal((1, T, Hv)))
    state = mx.random.normal((1, Hv, Dv, Dk))
    q, k, v, g, beta = (x.astype(dtype) for x in (q, k, v, g, beta))
    outputs, _ = run_function(
        header("gated_delta_update.h"),
        function,
        template_arguments=[TYPES[dtype], Dk, Dv, 1, Hv, chunk],
        arguments={
            "q": q,
            "k": k,
            "v": v,
            "g": g,
            "beta": beta,
            "state_in": state,
            "state_cache": state,
            "T": T,
        },
        outputs={"y": (v.shape, dtype), "state_out": (state.shape, mx.float32)},
        grid=(32, Dv // rows_per_group, Hv),
        threadgroup=(32, 4, 1),
        options=options,
    )
    inputs = (x.astype(mx.float32) for x in (q, k, v, g, beta, state))
    return outputs, lm.gated_delta_ops(*inputs)


@needs_mlx_lm
@pytest.mark.parametrize("dtype", DTYPES)
def test_gated_delta_sequential(dtype: mx.Dtype) -> None:
    outputs, (y, state) = run_gated_delta(
        "gated_delta_seq", dtype, 16, 1, Options(lint=False)
    )
    assert_close(outputs["y"], y, EPSILON[dtype])
    assert_close(outputs["state_out"], state, 2e-6)


@needs_mlx_lm
@pytest.mark.parametrize("dtype", DTYPES)
def test_gated_delta_chunked_with_matrices(dtype: mx.Dtype) -> None:
    options = Options(lint=False, simd_ops_order_memory=True)
    outputs, (y, state) = run_gated_delta(
        "gated_delta_fused_chunk", dtype, 8, 8, options
    )
    assert_close(outputs["y"], y, EPSILON[dtype])
    assert_close(outputs["state_out"], state, 2e-6)


@needs_mlx_lm
def test_gated_delta_chunked_relies_on_simd_operations_to_order_memory() -> None:
    # Its threadgroup memory is reused across chunks with only SIMD-group
    # functions in between, which Metal does not call a barrier.
    with pytest.raises(RaceError):
        run_gated_delta(
            "gated_delta_fused_chunk", mx.float32, 8, 8, Options(lint=False)
        )
