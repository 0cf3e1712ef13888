"""Ordinary decoders in the CPU backend against mlx-lm in float32, for every flag."""

from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import pytest
from configurations import random_ids
from mlx_decoders import (
    CONFIGURATIONS,
    LLAMA3,
    MIXED,
    VOCABULARY,
    configuration,
    draw_weights,
    logits,
    needs_mlx_lm,
    oracle,
    write,
)
from running_decoders import ALL, agrees, load, split, stepwise
from tolerances import LOGITS, max_difference

pytestmark = needs_mlx_lm
LENGTH = 140


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_flag(name: str, tmp_path: Path) -> None:
    seed = list(CONFIGURATIONS).index(name)
    config = configuration(name)
    reference = oracle(config, seed)
    write(tmp_path, config, reference)
    ids = random_ids(LENGTH, seed, VOCABULARY)
    assert agrees(load(tmp_path), logits(reference, ids), ids, seed)


@pytest.mark.parametrize("name", ["llama3-scaling", "linear-scaling", "qwen3"])
def test_positions_as_transformers_5_writes_them(name: str, tmp_path: Path) -> None:
    """`rope_parameters` has the base and the scaling."""
    config = configuration(name, rope_theta=5e4)
    reference = oracle(config)
    ours = {key: value for key, value in config.items() if not key.startswith("rope")}
    scaling = config.get("rope_scaling", {"rope_type": "default"})
    ours["rope_parameters"] = {"rope_theta": 5e4, **scaling}
    write(tmp_path, ours, reference)
    ids = random_ids(LENGTH, 3, VOCABULARY)
    assert agrees(load(tmp_path), logits(reference, ids), ids, 3)


def test_flags_count(tmp_path: Path) -> None:
    """What the flags change is far above the tolerance."""
    reference = oracle(configuration())
    ids = random_ids(LENGTH, 0, VOCABULARY)
    expected = logits(reference, ids)
    changed: tuple[dict[str, Any], ...] = (
        {"rope_theta": 1e6},
        {"rms_norm_eps": 1e-2},
        {"rope_scaling": {"type": "linear", "factor": 4.0}},
        {"rope_scaling": LLAMA3},
        {"layer_types": MIXED, "sliding_window": 7},
        {"model_type": "smollm3"},
    )
    for number, changes in enumerate(changed):
        folder = write(tmp_path / str(number), configuration(**changes), reference)
        found = split(load(folder), ids, ALL)
        assert max_difference(found, expected) > 1000 * LOGITS


def test_a_window_in_every_block(tmp_path: Path) -> None:
    """mistral's, which mlx-lm leaves out: its model is given the masks by hand."""
    config = configuration("mistral", sliding_window=9)
    reference = oracle(config)
    inner = reference.model
    inner.swa_idx, inner.sliding_window = 0, 9
    for layer in inner.layers:
        layer.use_sliding = True
    write(tmp_path, config, reference)
    ids = random_ids(LENGTH, 4, VOCABULARY)
    assert agrees(load(tmp_path), logits(reference, ids), ids, 4)


def test_biases_of_qwen3(tmp_path: Path) -> None:
    """transformers' switch, which mlx-lm leaves out."""
    config = configuration("qwen3", attention_bias=True)
    reference = oracle(config)
    for layer in reference.layers:
        attention = layer.self_attn
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            rows, columns = attention[name].weight.shape
            attention[name] = nn.Linear(columns, rows, bias=True)
    draw_weights(reference, 6)
    write(tmp_path, config, reference)
    ids = random_ids(LENGTH, 5, VOCABULARY)
    assert agrees(load(tmp_path), logits(reference, ids), ids, 5)


def test_a_head_that_the_configuration_leaves_to_the_weights(tmp_path: Path) -> None:
    for name in ("llama", "untied-head"):
        reference = oracle(configuration(name))
        config = configuration(name)
        del config["tie_word_embeddings"]
        folder = write(tmp_path / name, config, reference)
        ids = random_ids(70, 6, VOCABULARY)
        assert agrees(load(folder), logits(reference, ids), ids, 6)


def test_six_hundred_tokens(tmp_path: Path) -> None:
    """Past the tokens held at once, the queries scored at once and a growth."""
    config = configuration("windows", sliding_window=200)
    reference = oracle(config)
    write(tmp_path, config, reference)
    ids = random_ids(600, 7, VOCABULARY)
    assert agrees(load(tmp_path), logits(reference, ids), ids, 7)


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_a_second_thread_changes_no_bit(dtype: str, tmp_path: Path) -> None:
    config = configuration("all-biases")
    write(tmp_path, config, oracle(config))
    ids = random_ids(70, 8, VOCABULARY)
    alone, together = (load(tmp_path, dtype, threads=n) for n in (1, 2))
    for _ in range(3):
        assert (stepwise(alone, ids) == stepwise(together, ids)).all()
        whole = [split(model, ids, ALL) for model in (alone, together)]
        assert (whole[0] == whole[1]).all()


@pytest.mark.parametrize("dtype", [mx.float16, mx.bfloat16], ids=str)
def test_half_precision_weights(dtype: mx.Dtype, tmp_path: Path) -> None:
    """float32 of the very numbers in the file."""
    config = configuration("all-biases")
    reference = oracle(config)
    write(tmp_path, config, reference, dtype)
    reference.set_dtype(dtype)
    reference.set_dtype(mx.float32)
    ids = random_ids(70, 9, VOCABULARY)
    assert agrees(load(tmp_path), logits(reference, ids), ids, 9)


def test_shards(tmp_path: Path) -> None:
    config = configuration("qwen2")
    reference = oracle(config)
    write(tmp_path, config, reference, shards=3)
    ids = random_ids(70, 10, VOCABULARY)
    assert agrees(load(tmp_path), logits(reference, ids), ids, 10)
