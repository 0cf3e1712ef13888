"""Forgetting attention over many tokens: the kernel and the definition."""

import mlx.core as mx
import numpy as np
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
from tolerances import KERNEL_RMS, max_difference

from backends.genesis_mlx.ops.forgetting_attention import (
    metal_forgetting_attention,
    naive_forgetting_attention,
)

pytestmark = needs_kernels
# B, H, Hk, Dk, Dv
SMALL = (2, 4, 2, 9, 12)
SHAPES = [(1, 9, 3, 64, 64), (2, 4, 2, 24, 32), (1, 2, 2, 128, 128), (2, 3, 1, 5, 17)]
Shape = tuple[int, int, int, int, int]


def check(shape: Shape, length: int, seen: int, dtype: str) -> None:
    b, h, hk, dk, dv = shape
    draw = Draw(length)

    def cast(*sizes: int) -> mx.array:
        return mx.array(draw(*sizes)).astype(getattr(mx, dtype))

    # As the cache holds them: heads first, with room for more.
    k = cast(b, hk, length + seen + 3, dk)[:, :, : length + seen].swapaxes(1, 2)
    v = cast(b, h, length + seen + 3, dv)[:, :, : length + seen].swapaxes(1, 2)
    gates = mx.array(draw.gates(b, length, h, strongest=2.0))
    decay = mx.array(-np.cumsum(abs(draw(b, h, seen)), axis=-1)[..., ::-1])
    q = cast(b, length, h + 1, dk)[:, :, 1:]
    inputs = (q, k, v, gates, decay)
    assert_agree(
        [*metal_forgetting_attention(*inputs)],
        [*naive_forgetting_attention(*inputs)],
        dtype,
    )


@pytest.mark.parametrize("seen", [0, 1, 40])
@pytest.mark.parametrize("length", LENGTHS[:-1])
def test_every_length(length: int, seen: int) -> None:
    with running():
        check(SMALL, length, seen, "float32")


def test_a_long_prompt() -> None:
    with running():
        check(SMALL, LENGTHS[-1], 10, "float32")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_and_dtype(shape: Shape, dtype: str) -> None:
    with running():
        check(shape, 19, 21, dtype)


@pytest.mark.parametrize(("seed", "order"), ORDERS)
def test_order_does_not_matter(seed: int, order: str) -> None:
    with running(seed, order):
        check(SMALL, 35, 20, "float32")


def test_a_weak_gate_after_many_strong_ones_is_not_lost() -> None:
    length = 257
    gates = np.full((1, length, 1), -8.0, np.float32)
    gates[:, -40:] = -1e-4
    vectors = mx.zeros((1, length, 1, 4))
    with running():
        _, decay = metal_forgetting_attention(
            *(vectors,) * 3, mx.array(gates), mx.zeros((1, 1, 0))
        )
    exact = np.cumsum(gates[0, ::-1, 0].astype(np.float64))[::-1] - gates[0, :, 0]
    ratios = np.array(decay[0, 0, :-1], np.float64) / exact[:-1]
    assert max_difference(ratios, np.ones(length - 1)) <= KERNEL_RMS["float32"]


BARRIER = "threadgroup_barrier(mem_flags::mem_threadgroup);"
MUTATIONS = [
    Mutation(
        "barrier after the keys",
        f"* gates_step] : 0.0f;\n  }}\n  {BARRIER}",
        "* gates_step] : 0.0f;\n  }",
    ),
    Mutation(
        "barrier after the scores",
        f"scores + r * BLOCK + c, BLOCK);\n  }}\n  {BARRIER}",
        "scores + r * BLOCK + c, BLOCK);\n  }",
    ),
    Mutation(
        "barrier after the weights",
        f"* shrink + sum;\n    }}\n  }}\n  {BARRIER}",
        "* shrink + sum;\n    }\n  }",
    ),
    Mutation(
        "barrier before the next keys",
        f"WIDE_V + c, WIDE_V);\n  }}\n  {BARRIER}",
        "WIDE_V + c, WIDE_V);\n  }",
    ),
    Mutation(
        "largest overwritten while read",
        "simdgroup_barrier(mem_flags::mem_threadgroup);",
        "",
    ),
    Mutation("address space", "threadgroup float total[", "float total["),
    Mutation("not causal", "j < high && j <= i;", "j < high;"),
    Mutation("own key not seen", "j < high && j <= i;", "j < high && j < i;"),
    Mutation("stride of the keys", "j * k_step", "j * k_unit"),
    Mutation("key head", "uint hk = h / (H / HK);", "uint hk = h % HK;"),
    Mutation(
        "missing reduction", "float sum = simd_sum(weight);", "float sum = weight;"
    ),
    Mutation("largest of one lane", "simd_max(score)", "score"),
    Mutation("blocks between", "between += simd_sum(gate);", ""),
    Mutation("own part of the blocks between", "simd_sum(gate)", "gate"),
    Mutation(
        "sum with the key", "simd_prefix_exclusive_sum", "simd_prefix_inclusive_sum"
    ),
    Mutation("sum before the key", "uint(BLOCK) - 1 - metal", "metal"),
    Mutation("decay beyond the last", "j < high ? static", "true ? static"),
    Mutation("sum before the query", "t <= i; t++", "t < i; t++"),
    Mutation("gates not summed", "simd_prefix_inclusive_sum(gate)", "gate"),
    Mutation("gates beyond the last", "&& low + int(tid) < high;", ";"),
    Mutation("gates of another head", "+ h * log_forget_strides[2]", ""),
    Mutation("decay of the wrong query", "int(r) == last - first", "int(r) == 0"),
    Mutation(
        "borders",
        ": 0.0f;\n  }\n  for (uint r = group",
        ": 0.0f;\n  }\n  for (uint r = group + 1",
    ),
]


@emulator_only
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)
def test_faults_are_caught(mutation: Mutation) -> None:
    def run() -> None:
        with running() as reports:
            check(SMALL, 83, 20, "float32")
        assert not [w for report in reports for w in report.warnings]

    assert_caught("fox_blocks", mutation, run)
