"""One decoded token of forgetting attention: the kernel and the definition."""

from typing import Any

import mlx.core as mx
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

from backends.genesis_mlx.ops.fox_decode import (
    FoXPast,
    FoXWeights,
    metal_fox_decode,
    naive_fox_decode,
)

pytestmark = needs_kernels
# B, H, Hk, Dh, D, W
SHAPES = {
    "released": (1, 9, 3, 64, 576, 4),
    "built-in": (2, 8, 2, 32, 256, 4),
    "tiny": (1, 1, 1, 3, 5, 2),
    "odd": (2, 4, 2, 41, 50, 3),
    "widest": (1, 2, 2, 128, 64, 4),
}
LENGTHS = [0, 1, 3, 8, 63, 64, 65, 100, 257]


def inputs_of(name: str, length: int, dtype: str) -> tuple[Any, ...]:
    b, h, hk, dh, d, w = SHAPES[name]
    draw = Draw(length)

    def cast(*shape: int) -> mx.array:
        return mx.array(draw(*shape)).astype(getattr(mx, dtype))

    channels = (hk + h) * dh
    weights = FoXWeights(
        gate_weight=cast(h, d) / d**0.5,
        gate_bias=mx.array(draw(h)) + 2,
        conv_weight=cast(w, channels),
        q_norm=cast(h * dh) + 1,
        k_norm=cast(hk * dh) + 1,
        norm_weight=cast(dh) + 1,
        eps=1e-6,
    )
    capacity = length + 5 if length else 1
    gates = mx.array(draw.gates(b, h, max(length, 1), strongest=1.0))
    past = FoXPast(
        cast(b, hk, capacity, dh),
        cast(b, h, capacity, dh),
        mx.cumsum(gates, axis=-1, reverse=True),
        length,
    )
    proj = cast(b, 2, channels + 2 * h * dh)[:, 1:]
    return proj, cast(b, 1, d), cast(b, w - 1, channels), past, weights


def check(name: str, length: int, dtype: str) -> None:
    inputs = inputs_of(name, length, dtype)
    assert_agree([*metal_fox_decode(*inputs)], [*naive_fox_decode(*inputs)], dtype)


@pytest.mark.parametrize("length", LENGTHS)
def test_is_the_definition(length: int) -> None:
    with running():
        check("built-in", length, "float32")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_and_dtype(name: str, dtype: str) -> None:
    with running():
        check(name, 21, dtype)


@pytest.mark.parametrize(("seed", "order"), ORDERS)
def test_order_does_not_matter(seed: int, order: str) -> None:
    with running(seed, order):
        check("odd", 30, "float32")


def test_reads_keys_and_values_once() -> None:
    inputs = inputs_of("released", 100, "bfloat16")
    b, h, hk, dh, _, _ = SHAPES["released"]
    with running() as reports:
        metal_fox_decode(*inputs)
    for report in reports:
        assert report.buffers["values"].bytes_loaded == b * h * dh * 100 * 2
        assert report.buffers["keys"].unique_bytes_loaded == b * hk * dh * 100 * 2


MUTATIONS = [
    Mutation(
        "barrier before the norms",
        "own[i] = silu_of(sum);\n}\nthreadgroup_barrier(mem_flags::mem_threadgroup);",
        "own[i] = silu_of(sum);\n}",
    ),
    Mutation(
        "barrier before the partial sums are joined",
        "partial[group * DH + i] = sum_v[e];\n  }\n}\n"
        "threadgroup_barrier(mem_flags::mem_threadgroup);",
        "partial[group * DH + i] = sum_v[e];\n  }\n}\n"
        "simdgroup_barrier(mem_flags::mem_threadgroup);",
    ),
    Mutation("stride of the keys", "* capacity + j) * DH", "* seen + j) * DH"),
    Mutation("own key left out", "j <= seen; j", "j < seen; j"),
    Mutation("key beyond the end", "bool is_own = j == seen;", "bool is_own = false;"),
    Mutation("missing reduction", "simd_sum(product) + since", "product + since"),
    Mutation("values not shrunk", "sum_v[e] * shrink + weight", "sum_v[e] + weight"),
    Mutation("groups joined unscaled", "exp(maxima[s] - highest)", "exp(0.0f)"),
    Mutation("bias left out", "decay[(b * H + h) * seen + j] + f;", "f;"),
    Mutation("key head", "uint hk = h / (H / HK);", "uint hk = h % HK;"),
    Mutation(
        "every lane writes", "if (lane == 0) {\n    decay_out", "{\n    decay_out"
    ),
    Mutation(
        "key written by nobody",
        "bool writes_key = h % (H / HK) == 0;",
        "bool writes_key = h == 0;",
    ),
    Mutation("address space", "threadgroup float scratch[32];", "float scratch[32];"),
]


@emulator_only
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)
def test_faults_are_caught(mutation: Mutation) -> None:
    def run() -> None:
        with running() as reports:
            check("odd", 13, "float32")
        assert not [w for report in reports for w in report.warnings]

    assert_caught("fox_decode", mutation, run)
