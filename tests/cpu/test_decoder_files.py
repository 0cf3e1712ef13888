"""Configurations and weights that cannot be run are refused in one sentence."""

import json
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from configurations import random_ids
from mlx_decoders import MIXED, VOCABULARY, configuration, needs_mlx_lm, oracle, write
from running_decoders import ALL, load, split
from safetensors.numpy import load_file, save_file

from backends.decoder import DecoderArgs, open_files
from backends.errors import ConfigError, UnsupportedError, WeightsError
from backends.registry import describe

SCALING = {"rope_type": "llama3", "factor": 8.0}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"hidden_size": None}, "hidden_size is missing."),
        ({"vocab_size": "many"}, "vocab_size must be a whole number, not 'many'."),
        ({"vocab_size": True}, "vocab_size must be a whole number, not True."),
        ({"vocab_size": 0}, "vocab_size must be a whole number from 1"),
        ({"num_hidden_layers": 2.5}, "num_hidden_layers must be a whole number"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers must be a whole number"),
        ({"intermediate_size": 2**40}, "intermediate_size must be a whole number"),
        ({"num_key_value_heads": 3}, "not a multiple of num_key_value_heads=3"),
        ({"num_attention_heads": 5}, "head_dim is missing"),
        ({"head_dim": 7}, "head_dim must be even, not 7."),
        ({"max_position_embeddings": None}, "max_position_embeddings is missing."),
        ({"rms_norm_eps": -1e-5}, "rms_norm_eps must be"),
        ({"rms_norm_eps": float("nan")}, "rms_norm_eps must be"),
        ({"rope_theta": "1e4"}, "rope_theta must be a number"),
        ({"model_type": "qwen2", "rope_theta": None}, "rope_theta is missing."),
        ({"attention_bias": "yes"}, "attention_bias must be true or false"),
        ({"rope_scaling": []}, "rope_scaling must be an object"),
        ({"rope_scaling": {"type": "linear"}}, "rope_scaling.factor is missing."),
        ({"rope_scaling": {**SCALING, "low_freq_factor": 4}}, "less than high_freq"),
        ({"layer_types": MIXED[:3], "sliding_window": 4}, "a list of 4 entries"),
        ({"layer_types": MIXED}, "sliding_window is missing."),
        ({"model_type": "mistral", "sliding_window": 0}, "sliding_window must be"),
        ({"model_type": "smollm3", "no_rope_layers": [1]}, "no_rope_layers must be"),
        ({"model_type": "smollm3", "no_rope_layers": [2] * 4}, "a list of 0 and 1"),
        ({"model_type": None}, "model_type is missing."),
        ({"model_type": 3}, "model_type must be a text, not 3."),
    ],
    ids=str,
)
def test_a_wrong_field_is_named(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        DecoderArgs.from_config(configuration(**changes))
    assert sentence in str(caught.value)
    assert not isinstance(caught.value, UnsupportedError)
    assert str(caught.value).count(". ") == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"model_type": "gemma2"},
        {"hidden_act": "gelu"},
        {"rope_traditional": True},
        {"partial_rotary_factor": 0.5},
        *(
            {key: {"rope_type": kind, "factor": 4.0, "rope_theta": 1e4}}
            for key in ("rope_scaling", "rope_parameters")
            for kind in ("yarn", "dynamic", "longrope", "mrope")
        ),
        {"rope_scaling": {"type": "su", "factor": 4.0}},
        {"model_type": "qwen2", "use_sliding_window": True, "sliding_window": 4},
        {"layer_types": ["full_attention", "linear_attention"] * 2},
    ],
    ids=str,
)
def test_what_another_backend_may_run(changes: dict[str, Any]) -> None:
    """The caller can tell it from a damaged model, and fall back."""
    with pytest.raises(UnsupportedError, match="not supported by the CPU backend"):
        DecoderArgs.from_config(configuration(**changes))


def test_what_does_not_matter_is_ignored() -> None:
    extra: dict[str, Any] = {
        "use_cache": True,
        "torch_dtype": "bfloat16",
        "_name_or_path": "x",
    }
    plain = DecoderArgs.from_config(configuration())
    assert DecoderArgs.from_config(configuration(**extra)) == plain
    whole = configuration(hidden_size=48.0, head_dim=None, mlp_bias=None)
    assert DecoderArgs.from_config(whole) == plain
    unused = configuration("qwen2", use_sliding_window=False, sliding_window=4)
    assert DecoderArgs.from_config(unused) == DecoderArgs.from_config(
        configuration("qwen2")
    )


def test_it_is_described_without_its_weights(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        json.dumps(configuration("windows")), encoding="utf-8"
    )
    description = describe(tmp_path)
    assert description.context == 1024
    assert sum(description.layers.values()) == 4
    assert description.flags["hidden_size"] == 48
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"config.json .* has no model_type"):
        describe(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model's folder, not to be changed."""
    config = configuration("qwen2")
    return write(tmp_path_factory.mktemp("whole"), config, oracle(config))


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """The same, to be damaged."""
    return shutil.copytree(whole, tmp_path / "model")


def change(folder: Path, **tensors: Any) -> None:
    """Add tensors to the weights; None takes one away."""
    path = folder / "model.safetensors"
    found = {**load_file(path), **{n.replace("__", "."): t for n, t in tensors.items()}}
    save_file({n: t for n, t in found.items() if t is not None}, path)


@needs_mlx_lm
@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("model.norm.weight", None),
        ("model.layers.1.self_attn.q_proj.bias", None),
        ("model.layers.1.self_attn.o_proj.bias", np.zeros(48, np.float32)),
        ("model.layers.4.mlp.up_proj.weight", np.zeros((80, 48), np.float32)),
        ("model.layers.3.mlp.up_proj.weight", np.zeros((81, 48), np.float32)),
        ("model.layers.3.mlp.up_proj.weight", np.zeros((80, 48), np.int32)),
        ("model.embed_tokens.weight", np.zeros((48, 97), np.float32)),
        ("model.embed_tokens.scales", np.zeros((97, 1), np.float32)),
    ],
    ids=str,
)
def test_a_tensor_that_does_not_fit_is_named(
    name: str, tensor: Any, folder: Path
) -> None:
    change(folder, **{name: tensor})
    with pytest.raises(WeightsError) as caught:
        load(folder)
    assert name in str(caught.value) and str(folder) in str(caught.value)


@needs_mlx_lm
def test_tensors_that_nobody_needs_are_left(folder: Path) -> None:
    ids = random_ids(20, 1, VOCABULARY)
    expected = split(load(folder), ids, ALL)
    change(
        folder,
        **{
            "lm_head.weight": np.ones((97, 48), np.float32),
            "model.layers.0.self_attn.rotary_emb.inv_freq": np.ones(6, np.float32),
        },
    )
    assert (split(load(folder), ids, ALL) == expected).all()


@needs_mlx_lm
def test_files_that_are_missing_or_damaged(folder: Path) -> None:
    weights = folder / "model.safetensors"
    data = weights.read_bytes()
    for damage in (data[:1000], b"", struct.pack("<Q", 2**60)):
        weights.write_bytes(damage)
        with pytest.raises(WeightsError, match=r"model.safetensors .+ again\.$"):
            open_files(folder)
    weights.unlink()
    with pytest.raises(WeightsError, match=r"model.safetensors is missing"):
        open_files(folder)
    (folder / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match="not valid JSON"):
        open_files(folder)
    (folder / "config.json").unlink()
    with pytest.raises(ConfigError, match="is missing"):
        open_files(folder)


@needs_mlx_lm
@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        ("{", "not valid JSON"),
        ("[]", "names no files"),
        ('{"weight_map": {}}', "names no files"),
        ('{"weight_map": {"a": "../model.safetensors"}}', "names no files"),
        ('{"weight_map": {"a": 3}}', "names no files"),
        ('{"weight_map": {"a": "model-2.safetensors"}}', "model-2.safetensors is miss"),
    ],
)
def test_an_index_that_leads_nowhere(index: str, sentence: str, folder: Path) -> None:
    path = folder / "model.safetensors.index.json"
    path.write_text(index, encoding="utf-8")
    with pytest.raises(WeightsError, match=sentence):
        open_files(folder)


@needs_mlx_lm
def test_a_tensor_in_two_shards(tmp_path: Path) -> None:
    config = configuration()
    folder = write(tmp_path, config, oracle(config), shards=2)
    first, second = sorted(folder.glob("*.safetensors"))
    double = load_file(first) | load_file(second)
    save_file(double, second)
    with pytest.raises(WeightsError, match=rf"both in .* and in {second.name}"):
        open_files(folder)


@needs_mlx_lm
@pytest.mark.parametrize(
    ("changes", "kind", "sentence"),
    [
        ({"quantization": 4}, ConfigError, "quantization must be an object"),
        (
            {"quantization": {"group_size": 32, "bits": 4, "mode": "mxfp4"}},
            UnsupportedError,
            "mode 'mxfp4'",
        ),
        (
            {"quantization_config": {"quant_method": "gptq", "bits": 4}},
            UnsupportedError,
            "quantization_config",
        ),
    ],
    ids=str,
)
def test_other_ways_to_quantise(
    changes: dict[str, Any], kind: type[ConfigError], sentence: str, folder: Path
) -> None:
    config = {**configuration("qwen2"), **changes}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(kind, match=sentence):
        open_files(folder)


@needs_mlx_lm
def test_an_unknown_dtype_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"int8 or int4 in the .* 'bfloat16'"):
        load(folder, "bfloat16")
