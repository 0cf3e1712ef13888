"""Test-time training and the mixture by confidence: kernels and definitions."""

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

from backends.genesis_mlx.ops.confidence_mix import (
    metal_confidence_mix,
    naive_confidence_mix,
)
from backends.genesis_mlx.ops.test_time_training import (
    metal_test_time_training,
    naive_test_time_training,
)

pytestmark = needs_kernels


def check_scan(batch: int, length: int, width: int, dtype: str) -> None:
    draw = Draw(length)
    h, y0 = (
        mx.array(draw(batch, length + 1, width)).astype(getattr(mx, dtype))[:, 1:]
        for _ in range(2)
    )
    rate = mx.array(abs(draw(width)))
    inputs = (h, y0, rate, mx.array(draw(batch, width)), 7)
    assert_agree(
        [*metal_test_time_training(*inputs)],
        [*naive_test_time_training(*inputs)],
        dtype,
    )


def check_mixture(batch: int, length: int, width: int, dtype: str) -> None:
    draw = Draw(length)
    x, adapted, expected = (
        mx.array(draw(batch, length + 1, width)).astype(getattr(mx, dtype))[:, 1:]
        for _ in range(3)
    )
    logit = mx.array(draw(batch, length)).astype(getattr(mx, dtype))
    sums = mx.array(abs(draw(batch))) + 3
    inputs = (x, adapted, expected, logit, sums, 5, 0.2)
    assert_agree(metal_confidence_mix(*inputs), [*naive_confidence_mix(*inputs)], dtype)


@pytest.mark.parametrize("length", LENGTHS)
def test_every_length(length: int) -> None:
    with running():
        check_scan(2, length, 33, "float32")
        check_mixture(2, length, 33, "float32")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("batch", "width"), [(1, 576), (1, 3), (2, 257)])
def test_every_width_and_dtype(batch: int, width: int, dtype: str) -> None:
    with running():
        check_scan(batch, 4, width, dtype)
        check_mixture(batch, 4, width, dtype)


@pytest.mark.parametrize(("seed", "order"), ORDERS)
def test_order_does_not_matter(seed: int, order: str) -> None:
    with running(seed, order):
        check_scan(2, 9, 300, "float32")
        check_mixture(2, 9, 300, "float32")


SCAN_MUTATIONS = [
    Mutation("bound", "if (channel < D)", "if (channel <= D)"),
    Mutation("no bound", "if (channel < D)", ""),
    Mutation("stride", "(b * length + t) * D", "(b * length + t) * length"),
    Mutation(
        "gradient before its token",
        "out[at] = guess - input * speed * sum / damping;\n    sum += input * (guess - input);",
        "sum += input * (guess - input);\n    out[at] = guess - input * speed * sum / damping;",
    ),
    Mutation("position from 0", "+ t + 1u", "+ t"),
    Mutation("last token", "t < length; t++", "t < length - 1; t++"),
    Mutation("batch", "gradient_sum[b * D + channel];", "gradient_sum[channel];"),
    Mutation("sum not carried out", "gradient_sum_out[b * D + channel] = sum;", ""),
    Mutation(
        "reading the output",
        "float sum = gradient_sum[",
        "float sum = gradient_sum_out[",
    ),
]

MIX_MUTATIONS = [
    Mutation(
        "missing reduction",
        "squares = threadgroup_sum(squares, scratch, lane, group, THREADS / 32);",
        "",
    ),
    Mutation("exclusive sum", "s <= t", "s < t"),
    Mutation("batch of the logits", "logit[b * length + s]", "logit[s]"),
    Mutation("every thread writes", "if (tid == 0) {\n  surprise", "{\n  surprise"),
    Mutation("every token writes", "if (t == length - 1)", ""),
    Mutation("sum of the first token", "if (t == length - 1)", "if (t == 0)"),
    Mutation(
        "implicit bfloat",
        "mixed[row + i] = static_cast<T>(value);",
        "mixed[row + i] = value;",
    ),
    Mutation("bound", "i < D; i += THREADS", "i <= D; i += THREADS"),
    Mutation("offset", "uint(offset[0]) + t", "t"),
    Mutation("address space", "threadgroup float scratch[", "float scratch["),
]


@emulator_only
@pytest.mark.parametrize("mutation", SCAN_MUTATIONS, ids=lambda m: m.name)
def test_faults_of_the_scan_are_caught(mutation: Mutation) -> None:
    def run() -> None:
        with running():
            check_scan(2, 6, 50, "bfloat16")

    assert_caught("ttt_scan", mutation, run)


@emulator_only
@pytest.mark.parametrize("mutation", MIX_MUTATIONS, ids=lambda m: m.name)
def test_faults_of_the_mixture_are_caught(mutation: Mutation) -> None:
    def run() -> None:
        with running() as reports:
            check_mixture(2, 6, 300, "bfloat16")
        assert not [w for report in reports for w in report.warnings]

    assert_caught("confidence_mix", mutation, run)
