"""One decoded token of gated linear attention: the kernel and the definition."""

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

from backends.genesis_mlx.ops.gla_decode import (
    GLAWeights,
    fits_gla_decode,
    metal_gla_decode,
    naive_gla_decode,
)

pytestmark = needs_kernels
# B, H, Hk, Dk, Dv, D, W, half of the rotated channels
RELEASED = (1, 9, 3, 48, 96, 576, 4, 12)
SHAPES = {
    "released": RELEASED,
    "built-in": (2, 8, 2, 24, 48, 256, 4, 6),
    "tiny": (1, 1, 1, 4, 4, 4, 2, 1),
    "widest": (2, 2, 1, 128, 128, 36, 3, 32),
    "narrow values": (1, 2, 2, 60, 8, 33, 4, 15),
    "hardly any rotation": (2, 3, 3, 8, 20, 40, 4, 1),
}


def inputs_of(
    name: str, dtype: str, mamba: bool = True, delta: bool = False
) -> tuple[Any, ...]:
    b, h, hk, dk, dv, d, w, half = SHAPES[name]
    draw = Draw(len(name))
    channels = (h + hk) * dk + hk * dv

    def cast(*shape: int) -> mx.array:
        return mx.array(draw(*shape)).astype(getattr(mx, dtype))

    angles = mx.array(draw(1, 1, half))
    weights = GLAWeights(
        gate_weight=cast(h, d) / d**0.5,
        gate_bias=mx.array(draw(h)) - 2,
        a_log=mx.array(draw(h)) if mamba else None,
        conv_weight=cast(w, channels),
        norm_weight=cast(dv) + 1,
        kv_heads=hk,
        normalizer=16.0,
        eps=1e-5,
        beta_weight=cast(h, d) / d**0.5 if delta else None,
        beta_bias=mx.array(draw(h)) if delta else None,
    )
    # A part of a longer array, as a batch sliced out of another would be.
    proj = cast(b, 2, channels + h * dv)[:, 1:]
    conv, state = cast(b, w - 1, channels), mx.array(draw(b, h, dk, dv))
    return proj, cast(b, 1, d), conv, state, (mx.cos(angles), mx.sin(angles)), weights


def check(name: str, dtype: str, **options: bool) -> None:
    inputs = inputs_of(name, dtype, **options)
    assert_agree([*metal_gla_decode(*inputs)], [*naive_gla_decode(*inputs)], dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SHAPES)
def test_is_the_definition(name: str, dtype: str) -> None:
    with running():
        check(name, dtype)


@pytest.mark.parametrize("options", [{"mamba": False}, {"delta": True}])
@pytest.mark.parametrize("dtype", DTYPES)
def test_other_gate_and_delta_rule(dtype: str, options: dict[str, bool]) -> None:
    with running():
        check("built-in", dtype, **options)


@pytest.mark.parametrize(("dk", "dv"), [(4, 128), (128, 4), (36, 100), (124, 12)])
def test_widths_in_steps_of_4(
    dk: int, dv: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fits_gla_decode(dk, dv)
    monkeypatch.setitem(SHAPES, "any", (1, 2, 1, dk, dv, 40, 4, dk // 4))
    with running():
        check("any", "float32")


@pytest.mark.parametrize(("seed", "order"), ORDERS)
def test_order_does_not_matter(seed: int, order: str) -> None:
    with running(seed, order):
        check("built-in", "float32", delta=True)


def check_texts(dtype: str) -> None:
    """Texts at positions of their own are what each is alone."""
    proj, x, conv, state, one, weights = inputs_of("built-in", dtype)
    count, texts = proj.shape[0], (proj, x, conv, state)
    angles = mx.array(Draw(3)(count, 1, 1, one[0].shape[-1]))
    rotary = mx.cos(angles), mx.sin(angles)
    found = metal_gla_decode(proj, x, conv, state, rotary, weights)
    expected = naive_gla_decode(proj, x, conv, state, rotary, weights)
    assert_agree([*found], [*expected], dtype)
    for row in range(count):
        part = slice(row, row + 1)
        tables = rotary[0][row], rotary[1][row]
        own = [each[part] for each in texts]
        alone = naive_gla_decode(own[0], own[1], own[2], own[3], tables, weights)
        assert_agree([each[part] for each in found], [*alone], dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_texts_at_positions_of_their_own(dtype: str) -> None:
    with running():
        check_texts(dtype)


def test_reads_the_state_once() -> None:
    inputs = inputs_of("released", "float32")
    with running() as reports:
        metal_gla_decode(*inputs)
    for report in reports:
        assert report.buffers["state"].bytes_loaded == inputs[3].nbytes
        assert report.private_array_bytes == 0


MUTATIONS = [
    Mutation(
        "barrier after the convolution",
        "mixed[i] = silu_of(sum);\n}\nthreadgroup_barrier(mem_flags::mem_threadgroup);",
        "mixed[i] = silu_of(sum);\n}",
    ),
    Mutation(
        "flags of the barrier after the rotation",
        "turned[group * DK + i] = value * inverse;\n  }\n}\n"
        "threadgroup_barrier(mem_flags::mem_threadgroup);",
        "turned[group * DK + i] = value * inverse;\n  }\n}\n"
        "threadgroup_barrier(mem_flags::mem_device);",
    ),
    Mutation(
        "stride of the state", "state[base + i * DV] + ", "state[base + i * DK] + "
    ),
    Mutation(
        "missing reduction", "metal::sqrt(simd_sum(squares))", "metal::sqrt(squares)"
    ),
    Mutation(
        "bound", "if (tid < DV) {\n  float gate", "if (tid <= DV) {\n  float gate"
    ),
    Mutation("last row", "metal::min(first + ROWS, uint(DK))", "first + ROWS - 1"),
    Mutation("key head", "uint hk = h % HK;", "uint hk = h / (H / HK);"),
    Mutation("writers of the shared state", "i < DK || h < HK", "i < DK"),
    Mutation(
        "decay after the product",
        "decay * state[base + i * DV] + turned[DK + i]",
        "state[base + i * DV] + decay * turned[DK + i]",
    ),
    Mutation("implicit bfloat", "static_cast<T>(normed * silu_of(gate))", "normed"),
    Mutation("sign of the rotation", "i < HALF ? -other : other", "other"),
    Mutation("convolution state", "w - 1) * CH + c] = value", "w - 1) * CH] = value"),
    Mutation("address space", "threadgroup float turned[", "float turned["),
    Mutation("positions of other texts", "cosines_ndim == 4", "cosines_ndim >= 3"),
]
TEXT_MUTATIONS = [
    Mutation("positions of the first text", "cosines_ndim == 4", "cosines_ndim == 5"),
    Mutation("stride of the positions", "b * uint(HALF)", "b * uint(HALF) / 2"),
]
DELTA_MUTATIONS = [
    Mutation(
        "barrier before the predictions are joined",
        "parts[tid] = predicted;\n  threadgroup_barrier(mem_flags::mem_threadgroup);",
        "parts[tid] = predicted;",
    ),
    Mutation(
        "barrier before the parts are written again",
        "value *= beta;\n  }\n  threadgroup_barrier(mem_flags::mem_threadgroup);",
        "value *= beta;\n  }",
    ),
    Mutation("own prediction only", "value -= parts[s * DV + column]", "value -= 0.0f"),
    Mutation("step size", "value *= beta;", ""),
    Mutation("state not decayed first", "turned[DK + i] * decay *", "turned[DK + i] *"),
    Mutation("query predicts", "predicted += turned[DK + i]", "predicted += turned[i]"),
    Mutation(
        "bias of the step size", "beta + static_cast<float>(beta_bias[h])", "beta"
    ),
    Mutation("row of the step size", "beta_weight[h * D + d]", "beta_weight[d]"),
]


@emulator_only
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)
def test_faults_are_caught(mutation: Mutation) -> None:
    def run() -> None:
        with running():
            check("narrow values" if "row" in mutation.name else "built-in", "bfloat16")

    assert_caught("gla_decode", mutation, run)


@emulator_only
@pytest.mark.parametrize("mutation", TEXT_MUTATIONS, ids=lambda m: m.name)
def test_faults_of_several_texts_are_caught(mutation: Mutation) -> None:
    def run() -> None:
        with running():
            check_texts("float32")

    assert_caught("gla_decode", mutation, run)


@emulator_only
@pytest.mark.parametrize("mutation", DELTA_MUTATIONS, ids=lambda m: m.name)
def test_faults_of_the_delta_rule_are_caught(mutation: Mutation) -> None:
    def run() -> None:
        with running():
            check("built-in", "bfloat16", delta=True)

    assert_caught("gla_decode", mutation, run)
