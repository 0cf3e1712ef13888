"""GGUF files become the same models in mlx-lm's format."""

import json
from pathlib import Path
from typing import Any

import decoders
import gguf
import ggufs
import mlx.core as mx
import numpy as np
import pytest
from ggufs import BASE, GROUPS, HEADS, WIDTH
from mlx_decoders import needs_mlx_lm
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tolerances import GGUF_LOGITS, OPERATOR

from backends.generation_config import read_sampling
from backends.mlx_family import library
from converters import (
    ConversionError,
    convert,
    read_manifest,
    resolve_source,
    verify,
)
from converters.gguf.rotary import llama3_factors

SIZES: dict[str, Any] = {"heads": HEADS, "groups": GROUPS, "width": WIDTH, "base": BASE}
IDS = [5, 300, 17, 17, 2, 111, 40, 8, 64]
NEIGHBOURS = {"llama": True, "smollm3": True, "qwen2": False, "qwen3": False}


def unfolded(directory: Path) -> dict[str, NDArray[np.float32]]:
    """A converted model's weights in float32, out of their groups."""
    config = json.loads((directory / "config.json").read_text())
    stored = load_file(directory / "model.safetensors")
    usual = config.get("quantization", {})
    values = {}
    for name, array in stored.items():
        stem = name.removesuffix(".weight")
        if name.endswith((".scales", ".biases")):
            continue
        if f"{stem}.scales" not in stored:
            values[name] = array.astype(np.float32)
            continue
        bits = usual.get(stem, usual)["bits"]
        octets = array.astype("<u4").view(np.uint8)
        if bits == 4:
            octets = np.stack([octets & 15, octets >> 4], -1)
        codes = octets.reshape(len(array), -1, 32).astype(np.float32)
        scales, biases = (
            stored[f"{stem}.{part}"].astype(np.float32)[..., None]
            for part in ("scales", "biases")
        )
        values[name] = (codes * scales + biases).reshape(len(array), -1)
    return values


@pytest.mark.parametrize("architecture", list(NEIGHBOURS))
@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q8_0"])
def test_logits_are_the_files(architecture: str, kind: str, tmp_path: Path) -> None:
    layers = 4 if architecture == "smollm3" else 2
    if architecture == "qwen2":
        layers = 1
    path, out = tmp_path / "tiny.gguf", tmp_path / "out"
    tied = kind != "Q8_0"
    values = ggufs.write(path, architecture, kind, layers=layers, tied=tied)
    without = [3] if architecture == "smollm3" else []
    expected = decoders.logits(
        values,
        IDS,
        names=decoders.GGUF_NAMES,
        layers=layers,
        neighbours=NEIGHBOURS[architecture],
        without_positions=without,
        **SIZES,
    )
    manifest = convert(path, out)
    config = json.loads((out / "config.json").read_text())
    if architecture == "smollm3":
        assert config["no_rope_layers"] == [1, 1, 1, 0]
    found = decoders.logits(
        unfolded(out),
        IDS,
        names=decoders.HUGGING_FACE_NAMES,
        layers=config["num_hidden_layers"],
        neighbours=False,
        without_positions=without,
        **SIZES,
    )
    scale = np.abs(expected).max()
    assert np.abs(found - expected).max() <= GGUF_LOGITS * scale
    assert config["model_type"] == architecture
    assert config["tie_word_embeddings"] is tied
    assert manifest.family == architecture and manifest.stored_as == kind
    assert manifest.quantization == {"Q4_0": 4, "Q4_1": 4, "Q8_0": 8}.get(kind)
    assert verify(out) == []
    assert read_manifest(out) == manifest


def test_positions_matter_in_the_comparison_above(tmp_path: Path) -> None:
    values = ggufs.write(tmp_path / "tiny.gguf")
    options: dict[str, Any] = {"names": decoders.GGUF_NAMES, "layers": 1, **SIZES}
    right = decoders.logits(values, IDS, neighbours=True, **options)
    wrong = decoders.logits(values, IDS, neighbours=False, **options)
    assert np.abs(right - wrong).max() > 0.01 * np.abs(right).max()


@pytest.mark.parametrize(
    ("factor", "low", "high", "context"),
    [(8.0, 1.0, 4.0, 8192), (32.0, 1.0, 4.0, 8192), (4.0, 1.0, 8.0, 64)],
)
def test_llama3_factors_become_its_scaling(
    factor: float, low: float, high: float, context: int, tmp_path: Path
) -> None:
    scaling = {
        "factor": factor,
        "low_freq_factor": low,
        "high_freq_factor": high,
        "original_max_position_embeddings": context,
    }
    factors = llama3_factors(scaling, BASE, WIDTH).astype(np.float32)
    assert len(set(factors.tolist())) > 2
    path = tmp_path / "tiny.gguf"
    ggufs.write(
        path, change=lambda writer: writer.add_tensor("rope_freqs.weight", factors)
    )
    convert(path, tmp_path / "out")
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    found = config["rope_scaling"]
    assert found["rope_type"] == "llama3"
    again = llama3_factors(found, BASE, WIDTH)
    np.testing.assert_allclose(again, factors, rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda w: None, None),
        (
            lambda w: (
                w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR),
                w.add_rope_scaling_factor(4.0),
            ),
            {"rope_type": "linear", "type": "linear", "factor": 4.0},
        ),
        (
            lambda w: (
                w.add_rope_scaling_type(gguf.RopeScalingType.YARN),
                w.add_rope_scaling_factor(4.0),
                w.add_rope_scaling_orig_ctx_len(32),
            ),
            {
                "rope_type": "yarn",
                "type": "yarn",
                "factor": 4.0,
                "original_max_position_embeddings": 32,
            },
        ),
    ],
)
def test_scaling_of_positions(change: Any, expected: Any, tmp_path: Path) -> None:
    ggufs.write(tmp_path / "tiny.gguf", change=change)
    convert(tmp_path / "tiny.gguf", tmp_path / "out")
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["rope_scaling"] == expected


def test_the_configuration_is_the_files(tmp_path: Path) -> None:
    ggufs.write(tmp_path / "tiny.gguf", kind="Q8_0", layers=2)
    convert(tmp_path / "tiny.gguf", tmp_path / "out")
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    expected = {
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": ggufs.HIDDEN,
        "intermediate_size": ggufs.INNER,
        "num_hidden_layers": 2,
        "num_attention_heads": HEADS,
        "num_key_value_heads": GROUPS,
        "head_dim": WIDTH,
        "max_position_embeddings": ggufs.CONTEXT,
        "rms_norm_eps": 1e-5,
        "rope_theta": BASE,
        "attention_bias": False,
        "mlp_bias": False,
        "eos_token_id": 2,
        "bos_token_id": 1,
    }
    assert expected.items() <= config.items()
    assert config["quantization"] == {"group_size": 32, "bits": 8}
    generation = json.loads((tmp_path / "out" / "generation_config.json").read_text())
    assert generation["eos_token_id"][0] == 2
    tokenizer = json.loads((tmp_path / "out" / "tokenizer_config.json").read_text())
    assert tokenizer["chat_template"] == ggufs.TEMPLATE
    manifest = read_manifest(tmp_path / "out")
    assert manifest.license == "mit" and manifest.source.file == "tiny.gguf"


def test_what_its_makers_state_of_sampling_stays(tmp_path: Path) -> None:
    def state(writer: gguf.GGUFWriter) -> None:
        writer.add_float32("general.sampling.temp", 0.6)
        writer.add_int32("general.sampling.top_k", 20)
        writer.add_float32("general.sampling.penalty_repeat", 1.1)

    ggufs.write(tmp_path / "tiny.gguf", change=state)
    convert(tmp_path / "tiny.gguf", tmp_path / "out")
    sampling, warnings = read_sampling(tmp_path / "out")
    assert warnings == ()
    assert (sampling.temperature, sampling.top_k) == (0.6, 20)
    assert (sampling.repetition_penalty, sampling.top_p) == (1.1, 0.9)


@pytest.mark.parametrize("names", [("attn_q",), ("attn_k", "attn_output"), ("ffn_up",)])
def test_biases_that_some_matrices_have(names: tuple[str, ...], tmp_path: Path) -> None:
    size = len(ggufs.byte_level_vocabulary(ggufs.goldens()["merges"])[0])
    values = ggufs.weights("llama", size)
    rng = np.random.default_rng(9)
    for name in names:
        rows = len(values[f"blk.0.{name}.weight"])
        values[f"blk.0.{name}.bias"] = rng.normal(size=rows).astype(np.float32)
    ggufs.write(tmp_path / "tiny.gguf", values=values)
    convert(tmp_path / "tiny.gguf", tmp_path / "out")
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["attention_bias"] is any(n.startswith("attn") for n in names)
    assert config["mlp_bias"] is any(n.startswith("ffn") for n in names)
    options: dict[str, Any] = {"layers": 1, **SIZES}
    expected = decoders.logits(
        values, IDS, names=decoders.GGUF_NAMES, neighbours=True, **options
    )
    found = decoders.logits(
        unfolded(tmp_path / "out"),
        IDS,
        names=decoders.HUGGING_FACE_NAMES,
        neighbours=False,
        **options,
    )
    assert np.abs(found - expected).max() <= GGUF_LOGITS * np.abs(expected).max()


def test_a_directory_that_holds_one(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    ggufs.write(tmp_path / "model" / "tiny.gguf")
    ggufs.write(tmp_path / "model" / "other.GGUF")
    manifest = convert(
        resolve_source(tmp_path / "model", file="tiny.gguf"), tmp_path / "out"
    )
    assert (manifest.source.kind, manifest.source.file) == ("directory", "tiny.gguf")
    (tmp_path / "model" / "other.GGUF").unlink()
    assert resolve_source(tmp_path / "model").weights.name == "tiny.gguf"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("family", "genesis"),
        ("family", None),
        ("license", 3),
        ("stored_as", []),
        ("tokenizer_kind", "neox"),
        ("format", 1),
    ],
)
def test_damaged_manifests(key: str, value: Any, tmp_path: Path) -> None:
    ggufs.write(tmp_path / "tiny.gguf")
    convert(tmp_path / "tiny.gguf", tmp_path / "out")
    path = tmp_path / "out" / "manifest.json"
    content = json.loads(path.read_text())
    for changed in (
        {**content, key: value},
        {k: content[k] for k in content if k != key},
    ):
        path.write_text(json.dumps(changed))
        with pytest.raises(ConversionError, match="is damaged"):
            read_manifest(tmp_path / "out")
    path.write_text(json.dumps(content))
    read_manifest(tmp_path / "out")


@needs_mlx_lm
@pytest.mark.parametrize("architecture", list(NEIGHBOURS))
def test_mlx_lm_computes_the_same(architecture: str, tmp_path: Path) -> None:
    layers = 4 if architecture == "smollm3" else 1
    scaling = {
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    factors = llama3_factors(scaling, BASE, WIDTH) if architecture == "llama" else None

    def change(writer: gguf.GGUFWriter) -> None:
        if factors is not None:
            writer.add_tensor("rope_freqs.weight", factors.astype(np.float32))

    values = ggufs.write(
        tmp_path / "tiny.gguf", architecture, layers=layers, tied=False, change=change
    )
    convert(tmp_path / "tiny.gguf", tmp_path / "out")
    expected = decoders.logits(
        values,
        IDS,
        names=decoders.GGUF_NAMES,
        layers=layers,
        neighbours=NEIGHBOURS[architecture],
        factors=factors,
        without_positions=[3] if architecture == "smollm3" else [],
        **SIZES,
    )
    model, _ = library.loader().load_model(tmp_path / "out")
    found = np.array(model(mx.array([IDS]))[0])
    assert np.abs(found - expected).max() <= OPERATOR * np.abs(expected).max()
