"""Gated linear attention over many tokens: the kernel and the definition."""

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

from backends.genesis_mlx.ops.gated_linear_attention import metal_gla, naive_gla

pytestmark = needs_kernels
# B, H, Hk, Dk, Dv
RELEASED = (1, 9, 3, 48, 96)
SHAPES = [RELEASED, (2, 8, 2, 24, 48), (1, 2, 1, 128, 128), (2, 3, 1, 5, 9)]
Shape = tuple[int, int, int, int, int]
SMALL: Shape = (2, 4, 2, 12, 20)


def check(shape: Shape, length: int, dtype: str) -> None:
    b, h, hk, dk, dv = shape
    draw = Draw(length)

    def cast(*sizes: int) -> mx.array:
        return mx.array(draw(*sizes)).astype(getattr(mx, dtype))

    # Slices of one array, as the projection's are.
    q, k = mx.split(cast(b, length, h + hk, dk) / dk**0.5, [h], axis=2)
    gates = mx.array(draw.gates(b, length, h))
    inputs = (q, k, cast(b, length, hk, dv), gates, mx.array(draw(b, h, dk, dv)))
    assert_agree([*metal_gla(*inputs)], [*naive_gla(*inputs)], dtype)


@pytest.mark.parametrize("length", LENGTHS)
def test_every_length(length: int) -> None:
    with running():
        check(SMALL, length, "float32")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_and_dtype(shape: Shape, dtype: str) -> None:
    with running():
        check(shape, 19, dtype)


@pytest.mark.parametrize(("seed", "order"), ORDERS)
def test_order_does_not_matter(seed: int, order: str) -> None:
    with running(seed, order):
        check(SMALL, 35, "float32")


BARRIER = "threadgroup_barrier(mem_flags::mem_threadgroup);"
MUTATIONS = [
    Mutation(
        "barrier after loading", f"h] : 0.0f;\n  }}\n  {BARRIER}", "h] : 0.0f;\n  }"
    ),
    Mutation(
        "barrier after the scores",
        f"metal::exp(after);\n  }}\n  {BARRIER}",
        "metal::exp(after);\n  }",
    ),
    Mutation(
        "barrier before the products",
        f"*= to_end[e / ROWS];\n  }}\n  {BARRIER}",
        "*= to_end[e / ROWS];\n  }",
    ),
    Mutation(
        "barrier before the state decays",
        f"COLUMNS + c, COLUMNS);\n  }}\n  {BARRIER}\n  float whole",
        "COLUMNS + c, COLUMNS);\n  }\n  float whole",
    ),
    Mutation(
        "barrier before the state grows",
        f"= result[e];\n    }}\n  }}\n  {BARRIER}",
        "= result[e];\n    }\n  }",
    ),
    Mutation("decay of its own token", "uint s = j + 1; s <= i", "uint s = j; s <= i"),
    Mutation("mask", "scores[e] = j <= i ?", "scores[e] = true ?"),
    Mutation(
        "not transposed",
        "keys + c * ROWS + i, ROWS, ulong2(0, 0), true",
        "keys + c * ROWS + i, ROWS, ulong2(0, 0), false",
    ),
    Mutation(
        "stride of the queries",
        "(b * length + t) * H + h) * DK",
        "(b * length + t) * HK + h) * DK",
    ),
    Mutation("key head", "uint hk = h % HK;", "uint hk = h / (H / HK);"),
    Mutation(
        "last tokens", "bool there = t < length && i < DK;", "bool there = i < DK;"
    ),
    Mutation("chunks skipped", "start += CHUNK", "start += 2 * CHUNK"),
    Mutation("state not decayed", "memory[e] *= whole;", ""),
    Mutation("address space", "threadgroup float gates[", "float gates["),
]


@emulator_only
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)
def test_faults_are_caught(mutation: Mutation) -> None:
    def run() -> None:
        with running():
            check(SMALL, 35, "float32")

    assert_caught("gla_chunks", mutation, run)
