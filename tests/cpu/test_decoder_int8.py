"""What MLX has quantised, and int8 with a scale and a bias for each group."""

from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from configurations import random_ids
from mlx_decoders import VOCABULARY, configuration, logits, needs_mlx_lm, oracle, write
from running_decoders import ALL, agrees, load, split
from tolerances import RELATIVE_RMS

from backends.genesis_cpu.groups import GROUP, quantized

pytestmark = needs_mlx_lm
IDS = random_ids(70, 1, VOCABULARY)
# Every width is a multiple of every group that MLX has.
WIDE = {"hidden_size": 128, "intermediate_size": 256, "head_dim": 32}


@pytest.mark.parametrize(
    ("bits", "group"),
    [(4, 32), (4, 64), (4, 128), (8, 32), (8, 64), (2, 64), (3, 64), (5, 32), (6, 128)],
)
def test_quantised_by_mlx(bits: int, group: int, tmp_path: Path) -> None:
    """float32 and int8 are both of the very numbers in the file."""
    quantization = {"group_size": group, "bits": bits, "mode": "affine"}
    config = configuration("qwen3", **WIDE, quantization=quantization)
    reference = oracle(config, bits)
    nn.quantize(reference, group_size=group, bits=bits)
    write(tmp_path, config, reference)
    expected = logits(reference, IDS)
    for dtype in ("float32", "int8"):
        assert agrees(load(tmp_path, dtype), expected, IDS, bits)


@pytest.mark.parametrize("key", ["quantization", "quantization_config"])
def test_modules_quantised_otherwise(key: str, tmp_path: Path) -> None:
    """Some by more bits, in other groups, or not at all; scales in half precision."""
    special: dict[str, Any] = {
        "model.embed_tokens": {"group_size": 32, "bits": 8},
        "model.layers.1.self_attn.v_proj": {"group_size": 128, "bits": 6},
        "model.layers.2.mlp.down_proj": False,
        "lm_head": False,
    }
    config = configuration("untied-head", **WIDE)
    config[key] = {"group_size": 64, "bits": 4, **special}
    reference = oracle(config)
    nn.quantize(
        reference,
        group_size=64,
        bits=4,
        class_predicate=lambda path, module: (
            hasattr(module, "to_quantized") and special.get(path, True)
        ),
    )
    write(tmp_path, config, reference, mx.bfloat16)
    reference.set_dtype(mx.bfloat16)
    reference.set_dtype(mx.float32)
    expected = logits(reference, IDS)
    assert agrees(load(tmp_path), expected, IDS, 2)
    near = split(load(tmp_path, "int8"), IDS, ALL)
    error = np.sqrt(np.mean((near - expected) ** 2) / np.mean(expected**2))
    assert 0 < error <= RELATIVE_RMS["int8"]


@pytest.mark.parametrize("name", ["all-biases", "untied-head"])
def test_int8_is_near(name: str, tmp_path: Path) -> None:
    """Of float weights, in widths that groups do not divide."""
    config = configuration(name)
    assert config["hidden_size"] % GROUP and config["intermediate_size"] % GROUP
    write(tmp_path, config, oracle(config))
    exact, near = (
        split(load(tmp_path, dtype), IDS, ALL) for dtype in ("float32", "int8")
    )
    error = np.sqrt(np.mean((near - exact) ** 2) / np.mean(exact**2))
    assert 0 < error <= RELATIVE_RMS["int8"]


@pytest.mark.parametrize("columns", [1, 31, 32, 33, 100])
def test_a_code_is_within_half_a_step(columns: int) -> None:
    values = np.random.default_rng(columns).standard_normal((5, columns), np.float32)
    values[2] = 3
    values[3] = 0
    codes, (scales, biases) = quantized(values)
    steps, starts = (
        np.repeat(each, GROUP, axis=1)[:, :columns] for each in (scales, biases)
    )
    found = codes * steps + starts
    assert (np.abs(found - values) <= 0.5 * steps + 1e-6).all()
    assert (found[2:4] == values[2:4]).all()


def test_int8_is_made_once_and_not_in_the_model(tmp_path: Path) -> None:
    config = configuration()
    folder, kept = write(tmp_path / "model", config, oracle(config)), tmp_path / "kept"
    before = sorted(folder.iterdir())
    told: list[str] = []
    made = split(load(folder, "int8", derived=kept, preparing=told.append), IDS, ALL)
    (file,) = kept.iterdir()
    time = file.stat().st_mtime_ns
    again = split(load(folder, "int8", derived=kept), IDS, ALL)
    assert (made == again).all() and file.stat().st_mtime_ns == time
    assert (made == split(load(folder, "int8"), IDS, ALL)).all()
    assert sorted(folder.iterdir()) == before
    assert any("int8" in sentence for sentence in told)


def test_int8_of_other_weights_is_made_again(tmp_path: Path) -> None:
    config, kept = configuration(), tmp_path / "kept"
    folder = write(tmp_path / "model", config, oracle(config))
    load(folder, "int8", derived=kept)
    write(folder, config, oracle(config, 5))
    expected = split(load(folder, "int8"), IDS, ALL)
    assert (split(load(folder, "int8", derived=kept), IDS, ALL) == expected).all()
    assert len(list(kept.iterdir())) == 1


@pytest.mark.parametrize("damage", ["cut", "empty"])
def test_a_damaged_int8_file_is_made_again(damage: str, tmp_path: Path) -> None:
    config, kept = configuration(), tmp_path / "kept"
    folder = write(tmp_path / "model", config, oracle(config))
    expected = split(load(folder, "int8", derived=kept), IDS, ALL)
    (file,) = kept.iterdir()
    size = file.stat().st_size
    file.write_bytes(file.read_bytes()[: size // 2] if damage == "cut" else b"")
    assert (split(load(folder, "int8", derived=kept), IDS, ALL) == expected).all()
    assert file.stat().st_size == size


def test_int8_of_a_model_that_is_gone_goes(tmp_path: Path) -> None:
    config, kept = configuration(), tmp_path / "kept"
    first, second = (
        write(tmp_path / name, config, oracle(config)) for name in ("a", "b")
    )
    load(first, "int8", derived=kept)
    first.rename(tmp_path / "c")
    load(second, "int8", derived=kept)
    assert len(list(kept.iterdir())) == 1


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    config = configuration()
    folder = write(tmp_path / "model", config, oracle(config))
    (tmp_path / "file").write_bytes(b"")
    expected = split(load(folder, "int8"), IDS, ALL)
    derived = tmp_path / "file" / "kept"
    assert (split(load(folder, "int8", derived=derived), IDS, ALL) == expected).all()
