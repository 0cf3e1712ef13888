"""The model against the reference implementation, run side by side."""

from pathlib import Path

import numpy as np
import pytest
from checkpoints import checkpoint_tensors
from configurations import (
    CONFIGURATIONS,
    EXACT,
    SEEDS,
    configuration,
    random_ids,
    random_split,
)
from reference import Reference
from running import build, split, token_by_token, whole
from tolerances import LOGITS, LOGITS_MASKED, max_difference

pytestmark = pytest.mark.reference


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_without_test_time_training(name: str, tmp_path: Path) -> None:
    """Whole, token by token and split at random, past two chunks of the scan."""
    config, seed = configuration(name), SEEDS[name]
    tensors = checkpoint_tensors(config, seed=seed, buffers=True)
    model = build(config, tensors, tmp_path)
    ids = random_ids(150, seed)
    expected = Reference(config, tensors).logits(ids)
    for actual in (
        whole(model, ids, ttt=False),
        token_by_token(model, ids, ttt=False),
        split(model, ids, random_split(len(ids), seed), ttt=False),
    ):
        assert max_difference(actual, expected) <= LOGITS


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_with_test_time_training(name: str, tmp_path: Path) -> None:
    """Against the uncached forward of every prefix."""
    config, seed = configuration(name), SEEDS[name]
    tensors = checkpoint_tensors(config, seed=seed)
    model, reference = build(config, tensors, tmp_path), Reference(config, tensors)
    ids = random_ids(70, seed)
    expected = np.stack([reference.last_logits(ids[: n + 1]) for n in range(len(ids))])
    for actual in (
        whole(model, ids, ttt=True),
        token_by_token(model, ids, ttt=True),
        split(model, ids, random_split(len(ids), seed), ttt=True),
    ):
        assert max_difference(actual, expected) <= LOGITS
    if config.get("use_ttt", True):
        off = whole(model, ids, ttt=False)
        assert max_difference(off, expected) > 100 * LOGITS, "TTT changed nothing"


@pytest.mark.parametrize("seed", range(4))
def test_with_the_selective_mask(seed: int, tmp_path: Path) -> None:
    config = configuration("released-ratios", use_selective_activation=True)
    tensors = checkpoint_tensors(config, seed=seed)
    model, reference = build(config, tensors, tmp_path), Reference(config, tensors)
    unmasked = Reference({**config, **EXACT}, tensors)
    ids = random_ids(100, seed)
    expected = reference.logits(ids)
    assert max_difference(whole(model, ids, ttt=False), expected) <= LOGITS_MASKED
    assert max_difference(unmasked.logits(ids), expected) > LOGITS_MASKED
    last = whole(model, ids, ttt=True)[-1]
    assert max_difference(last, reference.last_logits(ids)) <= LOGITS_MASKED


def test_six_hundred_tokens(tmp_path: Path) -> None:
    """Ten chunks of the scan, and forget gates summed over all of them."""
    config = configuration("released-ratios")
    tensors = checkpoint_tensors(config, seed=99)
    model, reference = build(config, tensors, tmp_path), Reference(config, tensors)
    ids = random_ids(600, 99)
    parts = random_split(len(ids), 99)
    expected = reference.logits(ids)
    assert max_difference(whole(model, ids, ttt=False), expected) <= LOGITS
    assert max_difference(split(model, ids, parts, ttt=False), expected) <= LOGITS
    adapted = split(model, ids, parts, ttt=True)
    for length in (1, 64, 65, 128, 255, 600):
        last = reference.last_logits(ids[:length])
        assert max_difference(adapted[length - 1], last) <= LOGITS


def test_training_only_fields_change_nothing(tmp_path: Path) -> None:
    fields = {
        "dropout": 0.5,
        "selective_use_soft_mask": True,
        "selective_mask_temperature": 3.0,
        "gla_chunk_size": 16,
        "ttt_chunk_size": 8,
        "use_gradient_checkpointing": True,
        "mup_embed_mult": 7.0,
    }
    config = configuration("released-ratios", **fields)
    tensors = checkpoint_tensors(config)
    model = build(config, tensors, tmp_path)
    ids = random_ids(65, 5)
    expected = Reference(config, tensors).logits(ids)
    assert max_difference(whole(model, ids, ttt=False), expected) <= LOGITS
