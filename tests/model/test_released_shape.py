"""Both backends against the reference in the released shape.

In one test, since making and loading the weights takes longer than most of what is
done with them.
"""

import json
from pathlib import Path

import pytest
import running_cpu
from checkpoints import SMALL_VOCAB, checkpoint_tensors
from configurations import EXACT, random_ids
from reference import Reference
from running import build, split, whole
from tolerances import LOGITS, LOGITS_MASKED, max_difference

from backends.genesis_mlx import ModelArgs, load

# Past a chunk of the scan in one call. Without a fast BLAS a token takes MLX 70 ms, so
# that calls which go on from others' states are tried on a few only.
LENGTH, FEW = 66, 12
PARTS = [slice(0, 9), slice(9, 10), slice(10, FEW)]


@pytest.mark.slow
@pytest.mark.reference
def test_the_released_shape(tmp_path: Path) -> None:
    """All 151,757,837 parameters, without and then with the released mask."""
    config = {**ModelArgs.released().to_config(), **EXACT}
    for field in ("ttt_strength", "ttt_inference_fast_path"):
        # Read with getattr by the reference, whose configuration lacks them.
        del config[field]
    tensors = checkpoint_tensors(config, seed=152)
    mlx = build(config, tensors, tmp_path)
    reference = Reference(config, tensors)
    del tensors
    cpu = running_cpu.load_cpu(tmp_path / "model")
    ids = random_ids(LENGTH, 152, SMALL_VOCAB)
    few = ids[:FEW]
    expected = reference.logits(ids)
    for actual in (
        whole(mlx, ids, ttt=False),
        running_cpu.whole(cpu, ids, ttt=False),
        running_cpu.token_by_token(cpu, ids, ttt=False),
    ):
        assert max_difference(actual, expected) <= LOGITS
    found = split(mlx, few, PARTS, ttt=False)
    assert max_difference(found, expected[:FEW]) <= LOGITS
    last = reference.last_logits(ids)
    assert max_difference(whole(mlx, ids, ttt=True)[-1], last) <= LOGITS
    assert max_difference(running_cpu.whole(cpu, ids, ttt=True)[-1], last) <= LOGITS
    adapted = split(mlx, few, PARTS, ttt=True)[-1]
    assert max_difference(adapted, reference.last_logits(few)) <= LOGITS
    del mlx, cpu

    reference.set_mask(0.85)
    path = tmp_path / "model" / "config.json"
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({**stored, "use_selective_activation": True}))
    expected = reference.logits(ids)
    masked_mlx = load(tmp_path / "model", dtype="float32")
    masked_cpu = running_cpu.load_cpu(tmp_path / "model")
    for actual in (
        whole(masked_mlx, ids, ttt=False),
        running_cpu.whole(masked_cpu, ids, ttt=False),
    ):
        assert max_difference(actual, expected) <= LOGITS_MASKED
