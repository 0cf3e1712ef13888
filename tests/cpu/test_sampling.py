"""The CPU backend draws what the MLX backend draws."""

import random
from dataclasses import replace

import mlx.core as mx
import numpy as np
import pytest
from tolerances import PROBABILITY, max_difference

from backends import genesis_mlx
from backends.genesis_cpu import SamplingSettings
from backends.genesis_cpu.sampling import Sampler, largest, sample, softmax, survivors
from backends.mlx_base import sampling as mlx_sampling


def settings_of(rng: random.Random) -> SamplingSettings:
    return SamplingSettings(
        temperature=rng.choice([0, 0.1, 0.7, 1, 1.9]),
        top_k=rng.choice([0, 1, 5, 39, 200, 1000]),
        # A share no sum of equal probabilities hits exactly.
        top_p=rng.choice([0.0, 0.331, 0.9017, 1]),
        min_p=rng.choice([0, 0.0513, 0.777]),
        repetition_penalty=rng.choice([0.5, 1, 1.05, 3]),
        seed=rng.randrange(100),
    )


@pytest.mark.parametrize("seed", range(60))
def test_the_same_distribution(seed: int) -> None:
    rng, generator = random.Random(seed), np.random.default_rng(seed)
    logits = 3 * generator.standard_normal(rng.choice([40, 64, 700]), np.float32)
    if seed % 3 == 0:
        # Ties, at the k-th place too; a share of them is never reached exactly.
        logits = np.round(logits)
    settings = settings_of(rng)
    if settings.temperature == 0 or (seed % 3 == 0 and settings.top_p < 1):
        settings = SamplingSettings(top_k=settings.top_k, top_p=1.0)
    ids, kept = survivors(logits, settings)
    scores = mx.array(logits)
    _, lowest = mlx_sampling.kept_range(scores, settings)
    scaled = (scores - logits.max()) / settings.temperature
    expected = mx.softmax(mx.where(scores >= lowest, scaled, -mx.inf))
    actual = np.zeros(len(logits))
    actual[ids] = softmax(kept)
    assert max_difference(actual, np.asarray(expected)) <= PROBABILITY


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("seed", range(40))
def test_the_same_draws(seed: int, shifted: bool) -> None:
    """Of one seed, forty tokens long, with the penalties on what has occurred."""
    rng, generator = random.Random(seed), np.random.default_rng(seed)
    settings = settings_of(rng)
    if shifted:
        settings = replace(
            settings,
            presence_penalty=rng.choice([-1.5, 0, 2]),
            frequency_penalty=rng.choice([-0.25, 0, 1.75]),
            logit_bias=tuple((rng.randrange(300), rng.uniform(-9, 9)) for _ in "abcd"),
        )
    tokens = rng.sample(range(300), 10)
    ours = Sampler(settings, 300, tokens)
    theirs = mlx_sampling.Sampler(settings, 300, tokens)
    for _ in range(40):
        logits = 3 * generator.standard_normal(300, np.float32)
        assert ours(logits) == theirs(mx.array(logits)).item()


def test_the_released_vocabulary() -> None:
    """Where only groups that can hold one of the largest are looked at."""
    generator = np.random.default_rng(1)
    settings = SamplingSettings()
    seen = np.zeros(50_279, np.bool_)
    for n in range(20):
        logits = generator.standard_normal(50_279, np.float32)
        expected = np.sort(np.argsort(-logits)[:50])
        assert (largest(logits, 50) == expected).all()
        uniform = n / 20
        inputs = mx.array(logits), mx.array(seen), settings, mx.array([uniform])
        token = mlx_sampling.sample(*inputs)
        assert sample(logits, seen, settings, uniform) == token.item()


def test_ties_with_the_last_one_kept_stay() -> None:
    logits = np.repeat(np.array([3, 2, 1], np.float32), 70)
    assert len(largest(logits, 71)) == 140
    assert len(largest(np.ones(5000, np.float32), 3)) == 5000


def test_the_same_settings_class() -> None:
    assert SamplingSettings is genesis_mlx.SamplingSettings
