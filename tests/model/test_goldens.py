"""The reference's stored results: the parity checks without torch."""

import json
from pathlib import Path
from typing import Any

import pytest
from builtin_model import PROMPTS
from checkpoints import checkpoint_tensors
from configurations import (
    FEW_CONFIGURATIONS,
    SEEDS,
    configuration,
    random_ids,
    random_split,
)
from goldens_of import COLUMNS, LENGTH, POSITIONS, read_logits
from running import build, split, token_by_token, whole
from tolerances import LOGITS, max_difference

FOLDER = Path(__file__).parent.parent / "goldens"


@pytest.fixture(scope="module")
def logits() -> dict[str, Any]:
    return read_logits()


@pytest.mark.parametrize("name", FEW_CONFIGURATIONS)
def test_logits(name: str, logits: dict[str, Any], tmp_path: Path) -> None:
    config, seed = configuration(name), SEEDS[name]
    model = build(config, checkpoint_tensors(config, seed=seed), tmp_path)
    ids = random_ids(LENGTH, seed)
    for form, ttt in (("plain", False), ("adapted", True)):
        for actual in (
            whole(model, ids, ttt=ttt),
            token_by_token(model, ids, ttt=ttt),
            split(model, ids, random_split(LENGTH, seed), ttt=ttt),
        ):
            seen = actual[POSITIONS, COLUMNS]
            assert max_difference(seen, logits[f"{name}.{form}"]) <= LOGITS


def test_they_are_small_and_say_what_made_them() -> None:
    files = [FOLDER / "logits.safetensors", FOLDER / "builtin.json"]
    assert sum(file.stat().st_size for file in files) < 300_000
    stored = json.loads(files[1].read_text())
    assert stored["made_with"]["genesis-llm"] == "2.0.3"
    assert [reply["prompt"] for reply in stored["replies"]] == PROMPTS
