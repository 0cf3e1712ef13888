"""What MLX has quantised, and int8 with a scale and a bias for each group."""

from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from configurations import random_ids, random_split
from mlx_decoders import VOCABULARY, configuration, logits, needs_mlx_lm, oracle, write
from running_decoders import ALL, agrees, load, split, stepwise
from tolerances import KEPT_CODES, RELATIVE_RMS, SPLIT_CODES, max_difference

from backends.genesis_cpu.groups import GROUP

pytestmark = needs_mlx_lm
IDS = random_ids(70, 1, VOCABULARY)
# Every width is a multiple of every group that MLX has.
WIDE = {"hidden_size": 128, "intermediate_size": 256, "head_dim": 32}


@pytest.mark.parametrize(
    ("bits", "group"),
    [(4, 32), (4, 64), (4, 128), (8, 32), (8, 64), (2, 64), (3, 64), (5, 32), (6, 128)],
)
def test_quantised_by_mlx(bits: int, group: int, tmp_path: Path) -> None:
    """float32 is of the very numbers in the file; int8 keeps its codes."""
    quantization = {"group_size": group, "bits": bits, "mode": "affine"}
    config = configuration("qwen3", **WIDE, quantization=quantization)
    for name, allowed in KEPT_CODES.items():
        reference = oracle(config, bits)
        nn.quantize(reference, group_size=group, bits=bits)
        write(tmp_path / name, config, reference, getattr(mx, name))
        reference.set_dtype(getattr(mx, name))
        reference.set_dtype(mx.float32)
        expected = logits(reference, IDS)
        if name == "float32":
            assert agrees(load(tmp_path / name, name), expected, IDS, bits)
        near = split(load(tmp_path / name, "int8"), IDS, ALL)
        assert relative(near, expected) <= allowed


def relative(found: Any, expected: Any) -> float:
    """Root mean square error over that of what is expected."""
    return float(np.sqrt(np.mean((found - expected) ** 2) / np.mean(expected**2)))


@pytest.mark.parametrize("dtype", ["int8", "int4"])
def test_any_split_gives_nearly_the_same(dtype: str, tmp_path: Path) -> None:
    write(
        tmp_path, configuration("qwen3", **WIDE), oracle(configuration("qwen3", **WIDE))
    )
    model = load(tmp_path, dtype)
    whole = split(model, IDS, ALL)
    scale = np.abs(whole).max()
    for other in (split(model, IDS, random_split(len(IDS), 3)), stepwise(model, IDS)):
        assert max_difference(other / scale, whole / scale) <= SPLIT_CODES


def test_int4_keeps_codes_of_four_bits(tmp_path: Path) -> None:
    """And makes its own of any others, which are within reach."""
    config = configuration("qwen3", **WIDE)
    config["quantization"] = {"group_size": 32, "bits": 4, "mode": "affine"}
    reference = oracle(config)
    nn.quantize(reference, group_size=32, bits=4)
    write(tmp_path / "packed", config, reference, mx.bfloat16)
    reference.set_dtype(mx.bfloat16)
    reference.set_dtype(mx.float32)
    found = split(load(tmp_path / "packed", "int4"), IDS, ALL)
    assert relative(found, logits(reference, IDS)) <= KEPT_CODES["bfloat16"]
    plain = configuration("qwen3", **WIDE)
    write(tmp_path / "plain", plain, oracle(plain))
    near = split(load(tmp_path / "plain", "int4"), IDS, ALL)
    assert 0 < relative(near, logits(oracle(plain), IDS)) <= RELATIVE_RMS["int4"]


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
    assert 0 < relative(near, expected) <= RELATIVE_RMS["int8"]


@pytest.mark.parametrize("name", ["all-biases", "untied-head"])
def test_int8_is_near(name: str, tmp_path: Path) -> None:
    """Of float weights, in widths that groups do not divide."""
    config = configuration(name)
    assert config["hidden_size"] % GROUP and config["intermediate_size"] % GROUP
    write(tmp_path, config, oracle(config))
    exact, near = (
        split(load(tmp_path, dtype), IDS, ALL) for dtype in ("float32", "int8")
    )
    assert 0 < relative(near, exact) <= RELATIVE_RMS["int8"]


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
