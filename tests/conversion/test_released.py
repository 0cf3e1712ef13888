"""A checkpoint is written as the reference saves its own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builtin_model import FOLDER, read_checkpoint
from checkpoints import checkpoint_tensors, small_config
from safetensors.numpy import load_file

from backends.genesis.model_files import read_args
from converters import convert
from converters.released import released_tensors, write_released


def rewritten(converted: Path, config: dict[str, Any], path: Path) -> None:
    tensors = load_file(converted / "model.safetensors")
    write_released(path, config, released_tensors(read_args(converted), tensors))


def test_the_built_in_model_comes_back_bit_for_bit(tmp_path: Path) -> None:
    """Every tensor and buffer, the rotary tables among them, and the metadata."""
    source, path = FOLDER / "model.safetensors", tmp_path / "model.safetensors"
    convert(source, tmp_path / "converted")
    config, tensors = read_checkpoint()
    assert len(tensors) == 188
    rewritten(tmp_path / "converted", config, path)
    assert path.read_bytes() == source.read_bytes()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"use_fox": False},
        {"use_ttt": False, "tie_word_embeddings": False},
        {"gla_use_mamba_gate": False, "gla_fuse_norm_gate": False},
        {"use_zero_centered_norm": False, "gla_qk_norm": "rms"},
    ],
)
def test_any_configuration_survives_both_ways(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    config = small_config(vocab_size=2048, **changes)
    stored = checkpoint_tensors(config)
    rng = np.random.default_rng(1)
    tensors = {
        name: rng.standard_normal(tensor.shape).astype(np.float32)
        for name, tensor in stored.items()
    }
    first, second = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    write_released(first, config, tensors)
    convert(first, tmp_path / "out", tokenizer=FOLDER / "tokenizer.model")
    rewritten(tmp_path / "out", config, second)
    assert first.read_bytes() == second.read_bytes()


def test_what_is_missing_is_an_error(tmp_path: Path) -> None:
    config = small_config()
    with pytest.raises(KeyError, match="tok_emb"):
        write_released(tmp_path / "model.safetensors", config, {})
    assert not list(tmp_path.iterdir())
