"""The gated delta rule in the CPU backend, against MLX."""

from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
from checkpoints import checkpoint_tensors
from configurations import CONFIGURATIONS, SEEDS, configuration, random_ids
from running import build
from tolerances import LOGITS, max_difference

from backends import genesis_cpu, genesis_mlx
from backends.errors import CacheError
from genesis_chat.paths import compiled_directory


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_flag(name: str, tmp_path: Path) -> None:
    """Whole, split and token by token, and a state carried over and back."""
    config = configuration(name)
    build(config, checkpoint_tensors(config, seed=SEEDS[name]), tmp_path)
    folder = tmp_path / "model"
    other = genesis_mlx.load(folder, dtype="float32", delta_rule=True)
    model = genesis_cpu.load(
        folder, dtype="float32", delta_rule=True, compiled=compiled_directory()
    )
    # Keys longer than 1 make the rule grow every rounding error, in MLX as here: at
    # the seventh token another order of a matrix product's sums changes 1e-4.
    ids = random_ids(70 if model.args.gla_qk_norm == "l2" else 6, 2)
    cut = len(ids) // 2
    expected = np.asarray(other(mx.array([ids]), other.make_cache(ttt=False)))[0]
    cache = model.make_cache(ttt=False)
    whole = model(np.array([ids]), cache.copy())[0]
    parts = [model(np.array([ids[:cut]]), cache)[0]]
    cache.save(tmp_path / "state.safetensors")
    carried = other.load_cache(tmp_path / "state.safetensors")
    parts += [model.step(token, cache)[None] for token in ids[cut:]]
    assert max_difference(whole, expected) <= LOGITS
    assert max_difference(np.concatenate(parts), expected) <= LOGITS
    theirs = np.asarray(other(mx.array([ids[cut:]]), carried))[0]
    assert max_difference(theirs, expected[cut:]) <= LOGITS
    if "gla" in model.args.layer_kinds:
        plain = genesis_cpu.load(folder, dtype="float32", compiled=compiled_directory())
        logits = plain(np.array([ids]), plain.make_cache(ttt=False))[0]
        assert max_difference(logits, expected) > LOGITS
        # A state of one rule means nothing to the other.
        with pytest.raises(CacheError, match="delta rule"):
            plain.load_cache(tmp_path / "state.safetensors")
