"""A prompt's tokens before and after the mixers: kernels and definitions."""

from collections.abc import Callable

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

from backends.genesis_mlx.ops import rotary_tables
from backends.genesis_mlx.ops.fox_prepare import (
    FoXTaps,
    metal_fox_prepare,
    naive_fox_prepare,
)
from backends.genesis_mlx.ops.gated_norm import metal_gated_norm, naive_gated_norm
from backends.genesis_mlx.ops.gla_prepare import (
    GLATaps,
    metal_gla_prepare,
    naive_gla_prepare,
)

pytestmark = needs_kernels
# B, H, Hk, Dk, Dv, W
SHAPES = {
    "released": (1, 9, 3, 48, 96, 4),
    "odd": (2, 4, 2, 13, 9, 4),
    "tiny": (1, 1, 1, 5, 3, 2),
    "wide": (1, 2, 1, 130, 40, 3),
}
# Fewer tokens than the convolution is wide, as many, and more.
LENGTHS = [2, 3, 4, 9]
Case = tuple[str, int, str]


def casts(length: int, dtype: str) -> Callable[..., mx.array]:
    draw = Draw(length)
    return lambda *shape: mx.array(draw(*shape)).astype(getattr(mx, dtype))


def check_gla(case: Case, mamba: bool = True) -> None:
    name, length, dtype = case
    b, h, hk, dk, dv, w = SHAPES[name]
    cast, channels = casts(length, dtype), (h + hk) * dk + hk * dv
    bias, rate = (cast(h).astype(mx.float32) if mamba else None for _ in range(2))
    taps = GLATaps(cast(w, channels), bias, rate, 3.0, h, hk, dk)
    rotary = rotary_tables(dk // 4 * 2, 7, length)
    # A view of more tokens, which the kernel gets a copy of.
    proj = cast(b, length + 1, channels + h * dv)[:, 1:]
    inputs = proj, cast(b, length, h), cast(b, w - 1, channels), rotary, taps
    assert_agree([*metal_gla_prepare(*inputs)], [*naive_gla_prepare(*inputs)], dtype)


def check_fox(case: Case) -> None:
    name, length, dtype = case
    b, h, hk, dh, _, w = SHAPES[name]
    cast, channels = casts(length, dtype), (h + hk) * dh
    taps = FoXTaps(cast(w, channels), cast(h * dh) + 1, cast(hk * dh) + 1, dh, 1e-2)
    proj = cast(b, length + 1, channels + 2 * h * dh)[:, 1:]
    inputs = proj, cast(b, length, h), cast(b, w - 1, channels), taps
    assert_agree([*metal_fox_prepare(*inputs)], [*naive_fox_prepare(*inputs)], dtype)


def check_norm(case: Case) -> None:
    name, length, dtype = case
    b, h, _, _, dv, _ = SHAPES[name]
    cast = casts(length, dtype)
    out, proj = cast(b, length, h, dv).astype(mx.float32), cast(b, length, h * dv + 7)
    inputs = out, proj, cast(dv) + 1, 1e-2
    assert_agree([metal_gated_norm(*inputs)], [naive_gated_norm(*inputs)], dtype)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_and_length(name: str, length: int) -> None:
    with running():
        check_gla((name, length, "float32"))
        check_fox((name, length, "float32"))
        check_norm((name, length, "float32"))


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_and_gate(dtype: str) -> None:
    with running():
        for mamba in (True, False):
            check_gla(("odd", 3, dtype), mamba)
        check_fox(("odd", 3, dtype))
        check_norm(("odd", 3, dtype))


@pytest.mark.parametrize(("seed", "order"), ORDERS)
def test_order_does_not_matter(seed: int, order: str) -> None:
    with running(seed, order):
        check_gla(("odd", 5, "float32"))
        check_fox(("odd", 5, "float32"))
        check_norm(("odd", 5, "float32"))


# Of both kernels that prepare.
SHARED = [
    Mutation("barrier before the norms", "threadgroup_barrier(mem_flags::mem_threadgroup);", ""),
    Mutation("flags of the barrier", "mem_flags::mem_threadgroup", "mem_flags::mem_device"),
    Mutation("missing reduction", "simd_sum(squares)", "squares"),
    Mutation("window one token late", "uint at = t + w;", "uint at = t + w + 1;"),
    Mutation("state not read", "if (at < W - 1) {", "if (at < W - 2) {"),
    Mutation("state of another sequence", "static_cast<float>(conv_state[(b * (W - 1) + at)", "static_cast<float>(conv_state[(at)"),
    Mutation("last inputs of all tokens", "if (t + W - 1 >= length) {", "{"),
    Mutation("one input less kept", "if (t + W - 1 >= length) {", "if (t + W - 1 > length) {"),
    Mutation("state of few tokens lost", "w + length < W - 1", "w + length < 0"),
    Mutation("every token carries the state on", "if (t == 0) {", "{"),
    Mutation("some heads only", "head += GROUPS", "head += 2 * GROUPS"),
    Mutation("channels beyond the last", "c < CH; c", "c <= CH; c"),
    Mutation("not activated", "mixed[c] = silu_of(sum);", "mixed[c] = sum;"),
    Mutation("address space", "threadgroup float mixed", "float mixed"),
    Mutation("token of another sequence", "uint token = b * length + t;", "uint token = t;"),
]  # fmt: skip

GLA_MUTATIONS = [
    Mutation("turned the other way", "i < HALF ? -other : other", "i < HALF ? other : -other"),
    Mutation("position of the first token", "cosines[t * HALF + pair]", "cosines[pair]"),
    Mutation("all channels turned", "if (i < 2 * HALF) {", "{"),
    Mutation("norm left out", "value * inverse", "value"),
    Mutation("keys among the queries", "head - H) * DK", "head) * DK"),
    Mutation("wrong channels as values", "mixed[(H + HK) * DK + i]", "mixed[H * DK + i]"),
    Mutation("bias left out", "z += static_cast<float>(gate_bias[tid]);", ""),
    Mutation("gate of the first head", "a_log[tid]", "a_log[0]"),
    Mutation("implicit bfloat", "T turned = static_cast<T>(value * inverse);", "T turned = value * inverse;"),
    Mutation("gates beyond the last head", "if (tid < H) {", "{"),
]  # fmt: skip

FOX_MUTATIONS = [
    Mutation("norm of the query left out", "value * inverse * weight", "value * weight"),
    Mutation("norm of the key left out", "mixed[key_head * DH + i] * inverse", "mixed[key_head * DH + i]"),
    Mutation("weight of the first head", "k_norm[key_head * DH + i]", "k_norm[i]"),
    Mutation("convolution of the queries", "proj[row * ROW + H * DH + c]", "proj[row * ROW + c]"),
    Mutation("tokens first", "((b * HK + key_head) * length + t) * DH", "((b * length + t) * HK + key_head) * DH"),
    Mutation("values of the keys", "mixed[HK * DH + i]", "mixed[i]"),
    Mutation("gate not negated", "-softplus_of(-static", "-softplus_of(static"),
    Mutation("implicit bfloat", "static_cast<T>(value * inverse * weight)", "value * inverse * weight"),
    Mutation("gates beyond the last head", "if (tid < H) {", "{"),
]  # fmt: skip

NORM_MUTATIONS = [
    Mutation("missing reduction", "simd_sum(squares)", "squares"),
    Mutation("reduced by one lane", "simd_sum(squares)", "(lane == 0 ? simd_sum(squares) : squares)"),
    Mutation("gate from the beginning", "ROW - H * DV + head * DV + i", "head * DV + i"),
    Mutation("gate of the first head", "ROW - H * DV + head * DV + i", "ROW - H * DV + i"),
    Mutation("not activated", "silu_of(gate)", "gate"),
    Mutation("some heads only", "head += GROUPS", "head += 2 * GROUPS"),
    Mutation("head beyond the last", "head < H;", "head <= H;"),
    Mutation("mean of the lanes", "float(DV)", "32.0f"),
    Mutation("first sequence only", "threadgroup_position_in_grid.z * uint(sizes[0]) +", ""),
    Mutation("gain of the head", "gain[i]", "gain[head]"),
    Mutation("implicit bfloat", "static_cast<T>(normed * silu_of(gate))", "normed * silu_of(gate)"),
]  # fmt: skip


def assert_faults_are_caught(
    kernel: str, mutation: Mutation, check: Callable[[Case], None]
) -> None:
    dtype = "bfloat16" if "bfloat" in mutation.name else "float32"

    def run() -> None:
        with running() as reports:
            # More heads than SIMD-groups; fewer tokens than the convolution is wide.
            check(("released" if "heads" in mutation.name else "odd", 2, dtype))
            check(("odd", 5, dtype))
        assert not [w for report in reports for w in report.warnings]

    assert_caught(kernel, mutation, run)


@emulator_only
@pytest.mark.parametrize("mutation", [*SHARED, *GLA_MUTATIONS], ids=lambda m: m.name)
def test_faults_before_gated_linear_attention_are_caught(mutation: Mutation) -> None:
    assert_faults_are_caught("gla_prepare", mutation, check_gla)


@emulator_only
@pytest.mark.parametrize("mutation", [*SHARED, *FOX_MUTATIONS], ids=lambda m: m.name)
def test_faults_before_forgetting_attention_are_caught(mutation: Mutation) -> None:
    assert_faults_are_caught("fox_prepare", mutation, check_fox)


@emulator_only
@pytest.mark.parametrize("mutation", NORM_MUTATIONS, ids=lambda m: m.name)
def test_faults_of_the_gated_norm_are_caught(mutation: Mutation) -> None:
    assert_faults_are_caught("gated_norm", mutation, check_norm)
