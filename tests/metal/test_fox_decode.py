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

from backends.genesis_mlx.ops.forgetting_attention import naive_forgetting_attention
from backends.genesis_mlx.ops.fox_decode import (
    FoXPast,
    FoXWeights,
    attend_fox_decode,
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
    "odd small": (1, 2, 1, 9, 6, 2),
    "widest": (1, 2, 2, 128, 64, 4),
}
TAIL = 32
# Before, at and after a full tail and a part of a threadgroup.
LENGTHS = [0, 1, 3, 31, 32, 33, 63, 64, 100, 257]
SPLIT = [480, 511, 512, 513, 775]


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
        # Large enough for the size of the sums to matter before their norm.
        eps=0.05,
    )
    settled = length // TAIL * TAIL
    gates = mx.array(draw.gates(b, h, length + 1, strongest=1.0))
    sums = mx.cumsum(gates[..., 1:], axis=-1, reverse=True)
    since = gates[..., settled + 1 :].sum(-1)
    past = FoXPast(
        keys=cast(b, hk, settled or 8, dh),
        values=cast(b, h, settled or 8, dh),
        decay=sums[..., :settled] - since[..., None] if settled else cast(b, h, 8),
        since=since,
        tail_keys=cast(b, hk, TAIL, dh),
        tail_values=cast(b, h, TAIL, dh),
        tail_decay=mx.pad(
            sums[..., settled:], [(0, 0), (0, 0), (0, TAIL - length % TAIL)]
        ),
        filled=mx.array([length % TAIL], mx.int32),
        settled=settled,
    )
    proj = cast(b, 2, channels + 2 * h * dh)[:, 1:]
    return proj, cast(b, 1, d), cast(b, w - 1, channels), past, weights


def check(name: str, length: int, dtype: str) -> None:
    inputs = inputs_of(name, length, dtype)
    assert_agree([*metal_fox_decode(*inputs)], [*naive_fox_decode(*inputs)], dtype)


@pytest.mark.parametrize("length", [*LENGTHS, *SPLIT])
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
        assert report.buffers["values"].bytes_loaded == b * h * dh * 96 * 2
        assert report.buffers["keys"].unique_bytes_loaded == b * hk * dh * 96 * 2
        # What is used of the tail: for its copy, and for the scores.
        assert report.buffers["tail_values"].bytes_loaded == 2 * b * h * dh * 4 * 2


@pytest.mark.parametrize("length", [511, 512])
def test_many_keys_are_shared_out(length: int) -> None:
    inputs = inputs_of("tiny", length, "float32")
    with running() as reports:
        metal_fox_decode(*inputs)
    if reports:
        groups = {report.kernel: report.threadgroups for report in reports}
        split = {"genesis_fox_decode": 3, "genesis_fox_join": 1}
        assert groups == ({"genesis_fox_decode": 1} if length == 511 else split)


@pytest.mark.parametrize("length", [0, 5, 31, 32, 40])
@pytest.mark.parametrize("name", ["built-in", "odd"])
def test_operations_attend_as_the_definition(name: str, length: int) -> None:
    """The same attention without what is around it, which the layer computes."""
    b, h, hk, dh, _, _ = SHAPES[name]
    draw = Draw(length)
    past = inputs_of(name, length, "float32")[3]
    q, k, v = (mx.array(draw(b, 1, n, dh)) for n in (h, hk, h))
    gate = mx.array(draw.gates(b, 1, h))
    seen = length - past.settled
    parts = {
        name: [getattr(past, f"tail_{name}")[:, :, :seen]]
        for name in ("keys", "values", "decay")
    }
    if past.settled:
        parts["keys"].insert(0, past.keys)
        parts["values"].insert(0, past.values)
        parts["decay"].insert(0, past.decay + past.since[..., None])
    keys = mx.concatenate([*parts["keys"], k.swapaxes(1, 2)], axis=2)
    values = mx.concatenate([*parts["values"], v.swapaxes(1, 2)], axis=2)
    decay = mx.concatenate(parts["decay"], axis=2)
    expected = naive_forgetting_attention(
        q, keys.swapaxes(1, 2), values.swapaxes(1, 2), gate, decay
    )
    got = attend_fox_decode(q, k, v, gate, past)
    sums = mx.concatenate(
        [past.decay[..., : past.settled] + got.since[..., None], got.tail_decay], axis=2
    )
    assert_agree([got.out, sums[..., : length + 1]], [*expected], "float32")
    assert_agree(
        [got.tail_keys[:, :, : seen + 1]], [keys[:, :, past.settled :]], "float32"
    )
    assert_agree(
        [got.tail_values[:, :, : seen + 1]], [values[:, :, past.settled :]], "float32"
    )


MUTATIONS = [
    Mutation("barrier before the norms", "own[i] = silu_of(sum);\n}\nthreadgroup_barrier(mem_flags::mem_threadgroup);", "own[i] = silu_of(sum);\n}"),
    Mutation("barrier before the partial sums are joined", "partial[group * DH + i] = sum_v[e];\n  }\n}\nthreadgroup_barrier(mem_flags::mem_threadgroup);", "partial[group * DH + i] = sum_v[e];\n  }\n}\nsimdgroup_barrier(mem_flags::mem_threadgroup);"),
    Mutation("stride of the keys", "keys[((b * HK + hk) * settled + j)", "keys[((b * HK + hk) * used + j)"),
    Mutation("stride of the tail", "tail_values[((b * H + h) * TAIL + t)", "tail_values[((b * H + h) * used + t)"),
    Mutation("own key left out", "settled + used + 1 :", "settled + used :"),
    Mutation("tail beyond the end", "} else if (j < settled + used) {\n          uint t", "} else {\n          uint t"),
    Mutation("missing reduction", "simd_sum(product) + gone", "product + gone"),
    Mutation("keys of a step beyond the end", "float gone = -INFINITY;", "float gone = 0.0f;"),
    Mutation("values not shrunk", "sum_v[e] *= shrink;", ""),
    Mutation("total not shrunk", "total *= shrink;", ""),
    Mutation("groups joined unscaled", "exp(maxima[s] - highest)", "exp(0.0f)"),
    Mutation("gate left out of the tail", "j - settled] + f;", "j - settled];"),
    Mutation("gates since the blocks left out", "+ before;", "+ f;"),
    Mutation("gate left out of what is kept", "tail_decay[at] + f : 0.0f", "tail_decay[at] : 0.0f"),
    Mutation("sum since the blocks not carried on", "since_out[b * H + h] = before;", "since_out[b * H + h] = f;"),
    Mutation("token not added to the tail", "else if (j == used) {\n      value = static_cast<T>(own[DH +", "else if (j > used) {\n      value = static_cast<T>(own[DH +"),
    Mutation("rest of the tail not written", "e < TAIL * DH; e += THREADS) {\n    uint j = e / DH;\n    uint at = (b * H +", "e < used * DH; e += THREADS) {\n    uint j = e / DH;\n    uint at = (b * H +"),
    Mutation("key head", "uint hk = h / (H / HK);", "uint hk = h % HK;"),
    Mutation("every thread writes", "if (tid == 0 && is_last) {", "if (is_last) {"),
    Mutation("key written by nobody", "is_last && h % (H / HK) == 0;", "is_last && h == 0;"),
    Mutation("implicit bfloat", "value = static_cast<T>(own[2 * DH + e % DH]);", "value = own[2 * DH + e % DH];"),
    Mutation("address space", "threadgroup float scratch[32];", "float scratch[32];"),
]  # fmt: skip

SPLIT_MUTATIONS = [
    Mutation("every part writes the tail", "bool is_last = part == parts - 1;", "bool is_last = true;"),
    Mutation("no part has the tail", "part == parts - 1;", "part == parts;"),
    Mutation("parts overlap", "metal::min(first + uint(PART), settled);", "metal::min(first + uint(PART) + 1, settled);"),
    Mutation("every part begins at the first key", "SPLIT ? metal::min(part * uint(PART), settled) : 0u;", "0u;"),
    Mutation("parts in one place", "((b * H + h) * parts + part) * (DH + 2)", "((b * H + h) * parts) * (DH + 2)"),
    Mutation("total and largest swapped", "y[at + DH] = static_cast<Y>(whole);\n    y[at + DH + 1] = static_cast<Y>(highest);", "y[at + DH + 1] = static_cast<Y>(whole);\n    y[at + DH] = static_cast<Y>(highest);"),
    Mutation("sum divided twice", "y[at + tid] = static_cast<Y>(out);", "y[at + tid] = static_cast<Y>(out / whole);"),
    Mutation("total not written", "y[at + DH] = static_cast<Y>(whole);", ""),
]  # fmt: skip

JOIN_MUTATIONS = [
    Mutation("last part", "p < count; p++) {\n    uint at", "p + 1 < count; p++) {\n    uint at"),
    Mutation("beyond the last part", "p < count; p++) {\n    highest", "p <= count; p++) {\n    highest"),
    Mutation("parts joined unscaled", "metal::exp(parts[at + DH + 1] - highest)", "1.0f"),
    Mutation("largest of the first only", "highest = metal::max(highest, parts[first + p * (DH + 2) + DH + 1]);", "highest = parts[first];"),
    Mutation("not divided", "out /= whole;", ""),
    Mutation("stride of the parts", "uint at = first + p * (DH + 2);", "uint at = first + p * DH;"),
    Mutation("stride of the heads", "(b * H + h) * count * (DH + 2)", "(b * H + h) * (DH + 2)"),
    Mutation("gate of another head", "ROW - H * DH + h * DH + tid", "ROW - H * DH + tid"),
    Mutation("missing reduction", "threadgroup_sum(out * out, scratch, lane, group, THREADS / 32)", "out * out"),
    Mutation("threads beyond the head", "if (tid < DH) {\n  float gate", "{\n  float gate"),
    Mutation("implicit bfloat", "= static_cast<T>(normed * silu_of(gate));", "= normed * silu_of(gate);"),
    Mutation("address space", "threadgroup float scratch[32];", "float scratch[32];"),
]  # fmt: skip


@emulator_only
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)
def test_faults_are_caught(mutation: Mutation) -> None:
    def run() -> None:
        with running() as reports:
            check("odd", 45, "bfloat16" if "bfloat" in mutation.name else "float32")
        assert not [w for report in reports for w in report.warnings]

    assert_caught("fox_decode", mutation, run)


@emulator_only
@pytest.mark.parametrize(
    "mutation", [*SPLIT_MUTATIONS, *JOIN_MUTATIONS], ids=lambda m: m.name
)
def test_faults_of_many_keys_are_caught(mutation: Mutation) -> None:
    def run() -> None:
        with running() as reports:
            check(
                "odd small", 520, "bfloat16" if "bfloat" in mutation.name else "float32"
            )
        assert not [w for report in reports for w in report.warnings]

    kernel = "fox_decode" if mutation in SPLIT_MUTATIONS else "fox_join"
    assert_caught(kernel, mutation, run)
