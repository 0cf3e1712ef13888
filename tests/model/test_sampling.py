"""Sampling against a plain Python version of the reference's order."""

import math
import random
from collections import Counter
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from tolerances import PROBABILITY

from backends.genesis_mlx import SamplingSettings
from backends.mlx_base.largest import largest, places_of_largest
from backends.mlx_base.sampling import Sampler, draw, kept_range, penalize, sample
from backends.sampling_settings import LARGEST_UNIFORM

OFF: dict[str, Any] = {
    "temperature": 1.0,
    "top_k": 0,
    "top_p": 1.0,
    "repetition_penalty": 1.0,
}


def distribution(
    logits: list[float], seen: set[int], settings: SamplingSettings
) -> list[float]:
    """Probabilities, one plain step after another."""
    scores = [
        (x / settings.repetition_penalty if x > 0 else x * settings.repetition_penalty)
        if i in seen
        else x
        for i, x in enumerate(logits)
    ]
    scores = [x / settings.temperature for x in scores]
    if settings.top_k:
        smallest = sorted(scores, reverse=True)[: settings.top_k][-1]
        scores = [x if x >= smallest else -math.inf for x in scores]
    if settings.top_p < 1:
        shares = softmax(scores)
        kept, total = set(), 0.0
        for i in sorted(range(len(scores)), key=lambda i: -scores[i]):
            if total > settings.top_p:
                break
            kept.add(i)
            total += shares[i]
        scores = [x if i in kept else -math.inf for i, x in enumerate(scores)]
    if settings.min_p:
        floor = max(scores) + math.log(settings.min_p)
        scores = [x if x >= floor else -math.inf for x in scores]
    return softmax(scores)


def softmax(scores: list[float]) -> list[float]:
    powers = [math.exp(x - max(scores)) for x in scores]
    return [power / sum(powers) for power in powers]


def ours(
    logits: list[float], seen: set[int], settings: SamplingSettings
) -> list[float]:
    mask = mx.array([i in seen for i in range(len(logits))])
    penalized = penalize(mx.array(logits), mask, settings.repetition_penalty)
    _, lowest = kept_range(penalized, settings)
    kept = mx.where(penalized >= lowest, penalized / settings.temperature, -mx.inf)
    probabilities: list[float] = np.asarray(mx.softmax(kept)).tolist()
    return probabilities


def token_of(
    logits: Any, seen: mx.array, settings: SamplingSettings, uniform: float
) -> int:
    """The token that a number from 0 to 1 draws."""
    held = mx.array([min(uniform, LARGEST_UNIFORM)])
    return int(np.asarray(sample(mx.array(logits), seen, settings, held)))


@pytest.mark.parametrize("size", [1, 7, 2048, 2049, 4096, 9000])
@pytest.mark.parametrize("count", [1, 50, 1024, 1025, 9000])
def test_the_largest_are_found_in_rows(size: int, count: int) -> None:
    count = min(count, size)
    # Among few values many are equal.
    values = np.random.default_rng(size).integers(0, 4000, size)
    found = np.array(largest(mx.array(values), count))
    assert found.tolist() == sorted(values.tolist(), reverse=True)[:count]
    places = np.array(places_of_largest(mx.array(values), count))
    assert places.tolist() == np.argsort(-values, stable=True)[:count].tolist()


@pytest.mark.parametrize("seed", range(60))
def test_the_order_of_the_steps(seed: int) -> None:
    rng = random.Random(seed)
    # Few distinct values, so that ties happen at the k-th place.
    logits = [rng.choice([-8, -2, -0.5, 0, 0.75, 1.5, 3]) for _ in range(40)]
    if seed % 2:
        logits = [x + rng.gauss(0, 1) for x in logits]
    settings = SamplingSettings(
        temperature=rng.choice([0.1, 0.7, 1, 1.9]),
        top_k=rng.choice([0, 1, 5, 39, 40, 1000]),
        # A share no sum of equal probabilities hits exactly.
        top_p=rng.choice([0.0, 0.331, 0.9017, 1]) if seed % 2 else 1.0,
        min_p=rng.choice([0, 0.0513, 0.777]),
        repetition_penalty=rng.choice([0.5, 1, 1.05, 3]),
    )
    seen = set(rng.sample(range(40), 12))
    expected = distribution(logits, seen, settings)
    assert ours(logits, seen, settings) == pytest.approx(expected, abs=PROBABILITY)


def test_the_crossing_token_is_kept() -> None:
    logits = [math.log(p) for p in (0.5, 0.3, 0.15, 0.05)]
    settings = SamplingSettings(**{**OFF, "top_p": 0.6})
    kept = ours(logits, set(), settings)
    assert kept == pytest.approx([0.625, 0.375, 0, 0], abs=PROBABILITY)


def test_ties_at_the_kth_place_are_kept() -> None:
    settings = SamplingSettings(**{**OFF, "top_k": 2})
    kept = ours([3.0, 1.0, 1.0, 1.0, 0.0], set(), settings)
    assert [p > 0 for p in kept] == [True, True, True, True, False]


def test_draws_follow_the_distribution() -> None:
    """Every stratum of the unit interval once: counts are exact to one draw."""
    logits = [0.0, 1.0, 2.0, -1.0, 0.5]
    settings = SamplingSettings(**OFF)
    seen = mx.zeros(5, dtype=mx.bool_)
    count = 400
    drawn = Counter(
        token_of(logits, seen, settings, (n + 0.5) / count) for n in range(count)
    )
    for token, probability in enumerate(softmax(logits)):
        assert abs(drawn[token] - probability * count) <= 1


@pytest.mark.parametrize("uniform", [0.0, 1e-9, 0.5, 1 - 2**-24, 1 - 2**-53])
def test_a_dropped_token_is_never_drawn(uniform: float) -> None:
    logits = np.full(50279, -5.0, np.float32)
    logits[[7, 50000]] = 5, 4
    settings = SamplingSettings(**{**OFF, "top_k": 2})
    seen = mx.zeros(50279, dtype=mx.bool_)
    token = token_of(logits, seen, settings, uniform)
    assert token in (7, 50000)


def test_temperature_zero_is_greedy_after_the_penalty() -> None:
    settings = SamplingSettings(temperature=0, repetition_penalty=2)
    seen = mx.array([True, False, False])
    token = token_of([3.0, 2.0, 1.0], seen, settings, 0.9)
    assert token == 1


@pytest.mark.parametrize("temperature", [1e-300, 1e-40, 1e-7, 1e-5, 1e-3])
@pytest.mark.parametrize("penalty", [0.01, 100])
def test_extreme_settings_stay_finite(temperature: float, penalty: float) -> None:
    settings = SamplingSettings(temperature=temperature, repetition_penalty=penalty)
    seen = mx.array([False, True, True, False])
    token = token_of([-30.0, 3.0, 2.0, 4.0], seen, settings, 0.5)
    assert token == (3 if penalty == 100 else 1)


def test_generated_tokens_are_penalised_too() -> None:
    sampler = Sampler(SamplingSettings(temperature=0, repetition_penalty=2), 3, [2])
    logits = mx.array([3.0, 2.0, 5.0])
    assert [sampler(logits).item() for _ in range(3)] == [0, 2, 2]


def test_the_seed_decides() -> None:
    logits = mx.zeros(1000)

    def drawn(seed: int) -> list[object]:
        sampler = Sampler(SamplingSettings(**OFF, seed=seed), 1000, [1, 2])
        return [sampler(logits).item() for _ in range(20)]

    assert drawn(5) == drawn(5)
    assert drawn(5) != drawn(6)
    assert len(set(drawn(5))) > 15


def test_half_precision_logits_are_sampled_in_float32() -> None:
    """A bfloat16 sum of 50,000 probabilities would stop short of 1."""
    logits = mx.zeros(50279, dtype=mx.bfloat16)
    seen = mx.zeros(50279, dtype=mx.bool_)
    token = token_of(logits, seen, SamplingSettings(**OFF), 0.75)
    assert token == pytest.approx(0.75 * 50279, abs=50)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", -0.1),
        ("temperature", math.nan),
        ("temperature", math.inf),
        ("top_k", -1),
        ("top_p", 1.1),
        ("top_p", -0.1),
        ("min_p", 2),
        ("repetition_penalty", 0),
        ("repetition_penalty", 1e-39),
        ("repetition_penalty", 101),
        ("repetition_penalty", -1),
        ("repetition_penalty", math.nan),
    ],
)
def test_settings_out_of_range_are_refused(field: str, value: float) -> None:
    options: dict[str, Any] = {field: value}
    with pytest.raises(ValueError, match=field):
        SamplingSettings(**options)


def flat(**settings: Any) -> list[int]:
    """What is drawn six times from the same falling logits, the most likely first."""
    chosen = SamplingSettings(temperature=0, repetition_penalty=1, **settings)
    sampler = Sampler(chosen, 4, [0, 0, 0])
    logits = mx.array([3.0, 2.5, 2.0, -5.0])
    return [int(np.asarray(sampler(logits))) for _ in range(6)]


def test_presence_counts_once_and_only_what_was_drawn() -> None:
    # 0: 3, then 3 - 0.7 = 2.3; 1: 2.5, then 1.8; then 0 is the most likely again.
    assert flat(presence_penalty=0.7) == [0, 1, 0, 0, 0, 0]


def test_frequency_counts_every_time() -> None:
    # 3 2.5 2 / 2.3 2.5 2 / 2.3 1.8 2 / 1.6 1.8 2 / 1.6 1.8 1.3 / 1.6 1.1 1.3
    assert flat(frequency_penalty=0.7) == [0, 1, 0, 2, 1, 0]


def test_a_bias_bans_and_forces() -> None:
    assert flat(logit_bias=((0, -100.0),)) == [1] * 6
    assert flat(logit_bias=((3, 100.0),)) == [3] * 6


def test_the_likeliest_are_told_before_all_settings() -> None:
    logits = [0.5, 3.0, -1.0, 2.0]
    settings = SamplingSettings(
        temperature=0, logit_bias=((2, 100.0),), alternatives=3, repetition_penalty=5
    )
    told = draw(Sampler(settings, 4, [1]), mx.array(logits)).result()
    expected = [math.log(p) for p in softmax(logits)]
    assert told.token == 2
    assert [token for token, _ in told.alternatives] == [1, 3, 0]
    for token, likely in (*told.alternatives, (2, told.log_probability)):
        assert likely == pytest.approx(expected[token], abs=PROBABILITY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"presence_penalty": 2.5},
        {"frequency_penalty": math.nan},
        {"logit_bias": ((1, 101.0),)},
        {"logit_bias": ((1, math.nan),)},
        {"alternatives": -1},
    ],
    ids=str,
)
def test_values_that_steer_are_bounded(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SamplingSettings(**wrong)
