"""The least score of a nucleus: the kernel, its definition, and what is drawn by it."""

import random
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from emulation import (
    ORDERS,
    Mutation,
    assert_caught,
    emulator_only,
    needs_kernels,
    running,
)
from numpy.typing import NDArray

from backends.mlx_base.largest import ROW
from backends.mlx_base.nucleus import metal_nucleus, naive_nucleus
from backends.mlx_base.sampling import Sampler, drawn, kept_range, sample
from backends.sampling_settings import SamplingSettings

pytestmark = needs_kernels
SIZES = [1, 2, 63, 65, 2048]
SHARES = [0.0, 1e-12, 0.3, 0.9, 1 - 1e-9]
RELEASED = 50_304
Scores = NDArray[np.float32]


def scores_of(size: int, ties: bool, seed: int = 0) -> Scores:
    """Random ones on both sides of 0; with ties a handful of different ones."""
    values = 3 * np.random.default_rng(seed).standard_normal(size, np.float32)
    return np.round(values) if ties else values


def weights_of(scores: Scores) -> Scores:
    found: Scores = np.exp(scores - scores.max())
    return found


def exact(scores: Scores, weights: Scores, share: float) -> float:
    """In integers of any length, by sorting."""
    order = np.argsort(-scores, kind="stable")
    ranked: list[float] = scores[order].tolist()
    units = np.rint(weights[order].astype(np.float64) * 2**31).astype(int).tolist()
    limit = sum(units) * int(share * 2**32) >> 32
    above, least = 0, ranked[0]
    for score, unit in zip(ranked, units, strict=True):
        if score != least:
            if above > limit:
                break
            least = score
        above += unit
    return least


def found(scores: Scores, weights: Scores, share: float) -> float:
    least = metal_nucleus(mx.array(scores), mx.array(weights), share)
    return float(np.asarray(least)[0])


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_it_is_the_definition(size: int, ties: bool) -> None:
    scores = scores_of(size, ties)
    weights = weights_of(scores)
    with running():
        for share in SHARES:
            defined = naive_nucleus(mx.array(scores), mx.array(weights), share)
            assert found(scores, weights, share) == defined.item()
            assert exact(scores, weights, share) == defined.item()


@pytest.mark.parametrize("ties", [False, True])
def test_the_released_vocabulary(ties: bool) -> None:
    scores = scores_of(RELEASED, ties, seed=1)
    weights = weights_of(scores)
    with running():
        for share in SHARES:
            assert found(scores, weights, share) == exact(scores, weights, share)


def test_sums_beyond_32_bits_are_carried() -> None:
    scores = scores_of(5000, ties=False)
    weights = np.ones(5000, np.float32)
    with running():
        for rank in (1, 2, 3, 1025, 4999, 5000):
            # The k-th largest, by weights that are all the same.
            least = found(scores, weights, (rank - 0.5) / 5000)
            assert least == np.sort(scores)[-rank]


@pytest.mark.parametrize("above", [0, 1, 31, 63])
def test_a_share_that_is_met_exactly_keeps_the_next(above: int) -> None:
    scores = np.random.default_rng(3).permutation(64).astype(np.float32) - 20
    with running():
        least = found(scores, np.full(64, 0.5, np.float32), above / 64)
    assert least == 43 - above


def test_neighbouring_numbers_signs_and_zeros() -> None:
    """The last bit decides; -0 is 0; what weighs nothing is passed over."""
    tiny = np.float32(1e-45)
    ordered = [np.nextafter(np.float32(1), np.float32(2)), 1, tiny, 0, -tiny, -1, -7]
    scores = np.array([*ordered, -np.inf], np.float32)
    weights = np.array([1, 1, 1, 1, 1, 1, 1, 0], np.float32)
    signed = np.where(scores == 0, np.float32(-0.0), scores)
    with running():
        for rank, expected in enumerate(ordered):
            share = (rank + 0.5) / 7
            assert found(scores, weights, share) == expected
            assert found(signed, weights, share) == expected
        assert found(scores, weights, 1 - 1e-9) == -7


@pytest.mark.parametrize(("seed", "order"), ORDERS)
def test_order_does_not_matter(seed: int, order: str) -> None:
    scores = scores_of(3000, ties=False, seed=5)
    weights = weights_of(scores)
    with running(seed, order) as reports:
        assert found(scores, weights, 0.9) == exact(scores, weights, 0.9)
    assert not [warning for report in reports for warning in report.warnings]
    assert not any(report.private_array_bytes for report in reports)


def settings_of(rng: random.Random, seed: int) -> SamplingSettings:
    return SamplingSettings(
        temperature=rng.choice([1e-5, 0.1, 0.7, 1, 1.9]),
        top_k=rng.choice([0, 0, 1500, ROW, RELEASED, 10**6]),
        top_p=rng.choice([0.0, 1e-12, 0.331, 0.9017, 0.9999, 1]),
        min_p=rng.choice([0, 0.0513]),
        repetition_penalty=rng.choice([0.5, 1, 1.05, 3]),
        presence_penalty=rng.choice([0, 1.5]),
        logit_bias=rng.choice([(), ((7, -100.0), (11, 9.0))]),
        seed=seed,
    )


@pytest.mark.parametrize("seed", range(12))
def test_the_same_tokens_as_by_sorting(seed: int) -> None:
    rng, size = random.Random(seed), random.Random(seed).choice([ROW + 1, RELEASED])
    logits = mx.array(scores_of(size, ties=seed % 3 == 0, seed=seed))
    settings = settings_of(rng, seed)
    before = rng.sample(range(size), 500)
    sorting, selecting = (Sampler(settings, size, before) for _ in "ab")
    with running():
        for _ in range(3):
            uniform = sorting.uniform()
            theirs, after = drawn(logits, sorting.occurred, settings, uniform)
            ours, then = drawn(
                logits, selecting.occurred, settings, uniform, metal_nucleus
            )
            assert ours.token.item() == theirs.token.item()
            assert ours.finite.item()
            sorting.advance(after)
            selecting.advance(then)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("everywhere", [False, True])
def test_what_is_not_finite_is_told(wrong: float, everywhere: bool) -> None:
    logits = scores_of(ROW + 1, ties=False)
    logits[slice(None) if everywhere else slice(40, 50)] = wrong
    settings = SamplingSettings(top_k=0)
    occurred = Sampler(settings, len(logits)).occurred
    with running():
        uniform = mx.array([0.5])
        found, _ = drawn(mx.array(logits), occurred, settings, uniform, metal_nucleus)
        assert not found.finite.item()
        assert 0 <= found.result().token < len(logits)


def never(*_: Any) -> mx.array:
    raise AssertionError("nothing was to be looked for")


def test_few_are_sorted_as_before() -> None:
    """Where one threadgroup sorts all that is wanted, and where nothing is dropped."""
    uniform = mx.array([0.7])
    for size, options in (
        (ROW, {"top_k": 0}),
        (ROW, {"top_k": 1500}),
        (ROW + 1, {"top_k": ROW // 2}),
        (ROW + 1, {"top_k": 0, "top_p": 1.0}),
        (ROW + 1, {"top_k": 0, "temperature": 0.0}),
    ):
        logits, settings = mx.array(scores_of(size, False)), SamplingSettings(**options)
        seen = mx.zeros(size, dtype=mx.bool_)
        token = sample(logits, seen, settings, uniform, never)
        assert token.item() == sample(logits, seen, settings, uniform).item()


def test_equal_scores_stay_together() -> None:
    scores = mx.array(np.repeat(np.array([3, 2, 1], np.float32), 1000))
    with running():
        for share, expected in ((0.0, 3), (0.6, 3), (0.7, 2), (0.95, 1)):
            settings = SamplingSettings(temperature=1, top_k=0, top_p=share)
            _, lowest = kept_range(scores, settings, metal_nucleus)
            assert lowest.item() == expected


MUTATIONS = [
    Mutation("barrier after clearing", "&high[mine], 0u, memory_order_relaxed);\n  threadgroup_barrier(mem_flags::mem_threadgroup);", "&high[mine], 0u, memory_order_relaxed);"),
    Mutation("barrier after adding", "    }\n  }\n  threadgroup_barrier(mem_flags::mem_threadgroup);", "    }\n  }"),
    Mutation("barrier before a sum", "mass[mine + step] : 0;\n    threadgroup_barrier(mem_flags::mem_threadgroup);", "mass[mine + step] : 0;"),
    Mutation("barrier after a sum", "+= more;\n    threadgroup_barrier(mem_flags::mem_threadgroup);", "+= more;"),
    Mutation("barrier before the choice is read", "  threadgroup_barrier(mem_flags::mem_threadgroup);\n  above", "  above"),
    Mutation("flags of a barrier", "+= more;\n    threadgroup_barrier(mem_flags::mem_threadgroup);", "+= more;\n    threadgroup_barrier(mem_flags::mem_device);"),
    Mutation("not cleared", "atomic_store_explicit(&low[mine], 0u, memory_order_relaxed);", ""),
    Mutation("beyond the end", "metal::min(start + n * THREADS, size - 1)", "start + n * THREADS"),
    Mutation("the last again", "at < size && (order", "(order"),
    Mutation("order of negative scores", "bits >> 31 ? ~bits : bits", "bits >> 31 ? bits : bits"),
    Mutation("scores of another beginning", "(order[n] & known) == found", "true"),
    Mutation("carry", "first += old + last < last ? 1 : 0;", ""),
    Mutation("halves", "ulong(first) << 32", "ulong(first) << 31"),
    Mutation("the last bucket of a few", "n <= AHEAD", "n < AHEAD"),
    Mutation("less than the share", "here <= limit", "here < limit"),
    Mutation("what is above", "above = beyond;", ""),
    Mutation("upper half of the share", "(mass[0] >> 32) * share[0] + ", ""),
    Mutation("every thread writes", "if (mine == 0) {\n  least", "{\n  least"),
    Mutation("no 64-bit type of Metal", "ulong above = 0", "unsigned long long above = 0"),
]  # fmt: skip


@emulator_only
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)
def test_faults_are_caught(mutation: Mutation) -> None:
    scores = np.concatenate([scores_of(700, False), scores_of(600, True)])
    # Small ones too, whose sum is below a half.
    weights = np.concatenate([weights_of(scores[:700]), np.ones(600, np.float32)])

    def run() -> None:
        with running() as reports:
            for share in (0.0, 0.3, 0.9):
                least = found(scores, weights, share)
                assert least == exact(scores, weights, share)
            for rank in (1, 2, 3, 640, 1300):
                least = found(scores, np.ones(1300, np.float32), (rank - 0.5) / 1300)
                assert least == np.sort(scores)[-rank]
        assert not [warning for report in reports for warning in report.warnings]

    assert_caught("nucleus", mutation, run)
