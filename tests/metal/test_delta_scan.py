"""The gated delta rule over many tokens: the kernel and the definition."""

import mlx.core as mx
import pytest
from draws import LENGTHS, Draw
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

from backends.genesis_mlx.ops.gated_delta_rule import (
    metal_gated_delta_rule,
    naive_gated_delta_rule,
)

pytestmark = needs_kernels
# B, H, Hk, Dk, Dv
SMALL = (2, 4, 2, 12, 9)
SHAPES = [(1, 9, 3, 48, 96), (2, 8, 2, 24, 48), (1, 2, 1, 128, 33), (1, 1, 1, 3, 2)]
Shape = tuple[int, int, int, int, int]


def check(shape: Shape, length: int, dtype: str) -> None:
    b, h, hk, dk, dv = shape
    draw = Draw(length)

    def cast(*sizes: int) -> mx.array:
        return mx.array(draw(*sizes)).astype(getattr(mx, dtype))

    q, k = mx.split(cast(b, length, h + hk, dk) / dk**0.5, [h], axis=2)
    gates = mx.array(draw.gates(b, length, h))
    beta = mx.sigmoid(mx.array(draw(b, length, h)))
    state = mx.array(draw(b, h, dk, dv))
    inputs = (q, k, cast(b, length, hk, dv), gates, beta, state)
    assert_agree(
        [*metal_gated_delta_rule(*inputs)], [*naive_gated_delta_rule(*inputs)], dtype
    )


@pytest.mark.parametrize("length", LENGTHS)
def test_every_length(length: int) -> None:
    with running():
        check(SMALL, length, "float32")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_and_dtype(shape: Shape, dtype: str) -> None:
    with running():
        check(shape, 7, dtype)


@pytest.mark.parametrize(("seed", "order"), ORDERS)
def test_order_does_not_matter(seed: int, order: str) -> None:
    with running(seed, order):
        check(SMALL, 20, "float32")


MUTATIONS = [
    Mutation("missing reduction", "predicted = simd_sum(predicted);", ""),
    Mutation("missing second reduction", "read = simd_sum(read);", ""),
    Mutation("every lane writes", "if (lane == 0) {", "{"),
    Mutation(
        "one lane sums",
        "read = simd_sum(read);\n    if (lane == 0) {",
        "if (lane == 0) {\n      read = simd_sum(read);",
    ),
    Mutation("columns beyond the last", "if (column < DV) {", "{"),
    Mutation(
        "rows beyond the last",
        "    if (i < DK) {\n      state_out",
        "    {\n      state_out",
    ),
    Mutation(
        "stride of the state", "state[state_at + i * DV]", "state[state_at + i * DK]"
    ),
    Mutation("key head", "uint hk = h % HK;", "uint hk = h / (H / HK);"),
    Mutation(
        "state not decayed first",
        "s[e] *= decay;\n      predicted += key[e] * s[e];",
        "predicted += key[e] * s[e];\n      s[e] *= decay;",
    ),
    Mutation("last token", "t < length; t++", "t + 1 < length; t++"),
    Mutation("batch", "uint token = b * length + t;", "uint token = t;"),
]


@emulator_only
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)
def test_faults_are_caught(mutation: Mutation) -> None:
    def run() -> None:
        with running() as reports:
            check(SMALL, 6, "float32")
        assert not [w for report in reports for w in report.warnings]

    assert_caught("delta_scan", mutation, run)
