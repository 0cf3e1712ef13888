"""The CPU backend against the reference, stored and live, and against MLX."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import running
from checkpoints import checkpoint_tensors
from configurations import (
    CONFIGURATIONS,
    EXACT,
    SEEDS,
    configuration,
    random_ids,
    random_split,
)
from goldens_of import COLUMNS, LENGTH, POSITIONS, read_logits
from reference import Reference
from running import build
from running_cpu import load_cpu, split, token_by_token, whole
from tolerances import LOGITS, LOGITS_MASKED, max_difference


@pytest.fixture(scope="module")
def logits() -> dict[str, Any]:
    return read_logits()


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_flag(name: str, logits: dict[str, Any], tmp_path: Path) -> None:
    """Whole, token by token and split, without and with test-time training."""
    config, seed = configuration(name), SEEDS[name]
    other = build(config, checkpoint_tensors(config, seed=seed), tmp_path)
    model = load_cpu(tmp_path / "model")
    ids = random_ids(LENGTH, seed)
    parts = random_split(LENGTH, seed)
    for form, ttt in (("plain", False), ("adapted", True)):
        mlx = running.whole(other, ids, ttt=ttt)
        for actual in (
            whole(model, ids, ttt=ttt),
            token_by_token(model, ids, ttt=ttt),
            split(model, ids, parts, ttt=ttt),
        ):
            seen = actual[POSITIONS, COLUMNS]
            assert max_difference(seen, logits[f"{name}.{form}"]) <= LOGITS
            assert max_difference(actual, mlx) <= LOGITS


def test_fast_weights_that_are_not_diagonal(tmp_path: Path) -> None:
    config = configuration("released-ratios")
    tensors = checkpoint_tensors(config, seed=5)
    name = "metacognition.ttt.W0"
    values = np.array(tensors[name].values)
    np.fill_diagonal(values, 1)
    tensors[name].data = values.astype(np.float32).tobytes()
    other = build(config, tensors, tmp_path)
    model = load_cpu(tmp_path / "model")
    ids = random_ids(40, 5)
    expected = running.whole(other, ids, ttt=True)
    assert max_difference(whole(model, ids, ttt=True), expected) <= LOGITS
    assert max_difference(token_by_token(model, ids, ttt=True), expected) <= LOGITS


@pytest.mark.reference
@pytest.mark.parametrize("seed", range(3))
def test_with_the_selective_mask(seed: int, tmp_path: Path) -> None:
    config = configuration("released-ratios", use_selective_activation=True)
    tensors = checkpoint_tensors(config, seed=seed)
    build(config, tensors, tmp_path)
    model, reference = load_cpu(tmp_path / "model"), Reference(config, tensors)
    unmasked = Reference({**config, **EXACT}, tensors)
    ids = random_ids(100, seed)
    expected = reference.logits(ids)
    assert max_difference(whole(model, ids, ttt=False), expected) <= LOGITS_MASKED
    assert max_difference(unmasked.logits(ids), expected) > LOGITS_MASKED
    assert max_difference(token_by_token(model, ids, ttt=False), expected) <= (
        LOGITS_MASKED
    )
    last = whole(model, ids, ttt=True)[-1]
    assert max_difference(last, reference.last_logits(ids)) <= LOGITS_MASKED


@pytest.mark.reference
def test_six_hundred_tokens(tmp_path: Path) -> None:
    """Past the tokens held at once, the queries scored at once and a growth."""
    config = configuration("released-ratios")
    tensors = checkpoint_tensors(config, seed=99)
    build(config, tensors, tmp_path)
    model, reference = load_cpu(tmp_path / "model"), Reference(config, tensors)
    ids = random_ids(600, 99)
    expected = reference.logits(ids)
    assert max_difference(whole(model, ids, ttt=False), expected) <= LOGITS
    parts = random_split(len(ids), 99)
    assert max_difference(split(model, ids, parts, ttt=False), expected) <= LOGITS
    adapted = split(model, ids, parts, ttt=True)
    for length in (1, 64, 65, 255, 600):
        last = reference.last_logits(ids[:length])
        assert max_difference(adapted[length - 1], last) <= LOGITS
