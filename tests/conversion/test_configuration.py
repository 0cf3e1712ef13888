"""The configuration: read from the metadata, or assumed and corrected by shapes."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from checkpoints import (
    SMALL_VOCAB,
    checkpoint_tensors,
    small_config,
    stored,
    write_checkpoint,
)

from backends.genesis_mlx import ModelArgs
from converters import ConversionError, Manifest, convert, read_manifest
from converters.layout import source_shapes

CASES = json.loads(
    Path(__file__).with_name("reference_names.json").read_text(encoding="utf-8")
)
# Nothing in a tensor's name or shape tells these.
SILENT = {
    "block_size",
    "norm_eps",
    "gla_gate_logit_normalizer",
    "hybrid_full_attn_ratio",
    "ttt_inner_lr",
    "ttt_mode",
    "ttt_strength",
    "use_selective_activation",
    "selective_k_ratio",
    "use_mup",
    "mup_base_width",
    "mup_output_mult",
    "use_fox",
    "use_fox_pro",
    "ttt_rank",
}


def convert_with_metadata(text: str, tmp_path: Path, tokenizer: Path) -> Manifest:
    config = small_config()
    tensors = checkpoint_tensors(config)
    path = write_checkpoint(
        tmp_path / "c.safetensors", None, tensors, {"genesis_config_json": text}
    )
    return convert(path, tmp_path / "out", tokenizer=tokenizer)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not valid JSON"),
        ("{", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ("null", "is not a JSON object"),
        ("[1]", "is not a JSON object"),
        ('"text"', "is not a JSON object"),
        ('{"n_layer": "four"}', "n_layer"),
        ('{"n_layer": 1e400}', "n_layer"),
        ('{"n_layer": true}', "n_layer"),
        ('{"n_layer": 2.5}', "n_layer"),
        ('{"n_layer": 0}', "n_layer"),
        ('{"n_layer": 1000000000}', "n_layer"),
        pytest.param(f'{{"n_embd": {10**400}}}', "n_embd", id="n_embd"),
        pytest.param(f'{{"norm_eps": {10**400}}}', "norm_eps", id="norm_eps"),
        pytest.param(f'{{"n_layer": {10**400}}}', "n_layer", id="n_layer"),
        pytest.param(f'{{"n_layer": {"9" * 5000}}}', "valid JSON", id="digits"),
        ('{"norm_eps": NaN}', "norm_eps"),
        ('{"tie_word_embeddings": 1}', "tie_word_embeddings"),
        ('{"gla_qk_norm": 2}', "gla_qk_norm"),
        ('{"use_gla": false}', "use_gla"),
        ('{"ttt_mode": "sequential"}', "ttt_mode"),
        ('{"n_embd": 64, "n_head": 5}', "n_head"),
    ],
)
def test_damaged_metadata(
    text: str, message: str, tmp_path: Path, tokenizer_file: Path
) -> None:
    with pytest.raises(ConversionError, match=message) as caught:
        convert_with_metadata(text, tmp_path, tokenizer_file)
    assert len(caught.value.problems) == 1
    assert "c.safetensors" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_unknown_fields(
    config: dict[str, Any], tmp_path: Path, tokenizer_file: Path
) -> None:
    """Refused together with other problems; accepted when asked, and recorded."""
    tensors = checkpoint_tensors(config)
    strange = {**config, "use_warp_drive": True, "crew": 5}
    path = write_checkpoint(tmp_path / "c.safetensors", strange, tensors)
    with pytest.raises(ConversionError) as caught:
        convert(path, tmp_path / "out", tokenizer=tokenizer_file)
    assert len(caught.value.problems) == 2
    for name in ("use_warp_drive", "crew"):
        assert any(name in problem for problem in caught.value.problems)
    assert all("--accept-unknown" in problem for problem in caught.value.problems)
    manifest = convert(
        path, tmp_path / "out", tokenizer=tokenizer_file, accept_unknown=True
    )
    assert set(manifest.left_out) == {"use_warp_drive", "crew"}
    saved = json.loads((tmp_path / "out" / "config.json").read_text())
    assert "crew" not in saved


def test_training_fields_are_ignored(
    config: dict[str, Any], tmp_path: Path, tokenizer_file: Path
) -> None:
    full = {**config, "dropout": 0.1, "head_dim": 64, "selective_schedule": "cubic"}
    path = write_checkpoint(tmp_path / "c.safetensors", full, checkpoint_tensors(full))
    manifest = convert(path, tmp_path / "out", tokenizer=tokenizer_file)
    assert (manifest.configuration, manifest.corrected) == ("metadata", ())


@pytest.mark.parametrize("case", CASES)
def test_shapes_correct_the_released_configuration(
    case: str, tmp_path: Path, tokenizer_file: Path
) -> None:
    config = {**CASES[case]["config"], "vocab_size": SMALL_VOCAB}
    wanted = ModelArgs.from_config(config)
    path = write_checkpoint(
        tmp_path / "c.safetensors", None, checkpoint_tensors(config)
    )
    manifest = convert(path, tmp_path / "out", tokenizer=tokenizer_file)
    saved = json.loads((tmp_path / "out" / "config.json").read_text())
    args = ModelArgs.from_config(
        {k: v for k, v in saved.items() if k not in ("model_type", "tokenizer")}
    )
    assert source_shapes(args) == source_shapes(wanted)
    assert args.layer_kinds == wanted.layer_kinds
    for name, value in asdict(wanted).items():
        if name not in SILENT:
            assert getattr(args, name) == value, name
    released = asdict(ModelArgs.released())
    changed = {k for k, v in asdict(args).items() if released[k] != v}
    assert manifest.configuration == "assumed"
    assert set(manifest.corrected) == changed
    assert read_manifest(tmp_path / "out") == manifest


def test_released_shapes_need_no_correction() -> None:
    from converters.configuration import configuration
    from converters.header import Header, TensorInfo

    shapes = source_shapes(ModelArgs.released())
    tensors = {k: TensorInfo("BF16", shape, 0, 0) for k, shape in shapes.items()}
    found = configuration("x", Header(tensors, {}, 0), lambda: True)
    assert found.args == ModelArgs.released()
    assert (found.provenance, found.corrected) == ("assumed", ())


@pytest.mark.parametrize("interval", [1, 2, 3, 5, 6, 7, 29, 49, 98])
def test_any_regular_layout_is_found(interval: int) -> None:
    from converters.configuration import configuration
    from converters.header import Header, TensorInfo

    ratio = 1 / (interval + 0.5)
    config = small_config(300, n_layer=max(interval, 2), hybrid_full_attn_ratio=ratio)
    args = ModelArgs.from_config(config)
    shapes = source_shapes(args)
    tensors = {k: TensorInfo("F32", shape, 0, 0) for k, shape in shapes.items()}
    found = configuration("x", Header(tensors, {}, 0), lambda: True)
    assert found.args.layer_kinds == args.layer_kinds
    assert source_shapes(found.args) == shapes


@pytest.mark.parametrize("same", [True, False])
def test_head_beside_the_embedding_is_compared(
    same: bool, tmp_path: Path, tokenizer_file: Path
) -> None:
    """Without metadata, equal bytes mean tied embeddings."""
    tensors = checkpoint_tensors(small_config(tie_word_embeddings=False))
    if same:
        tensors["lm_head.weight"] = tensors["tok_emb.weight"]
    path = write_checkpoint(tmp_path / "c.safetensors", None, tensors)
    manifest = convert(path, tmp_path / "out", tokenizer=tokenizer_file)
    assert ("tie_word_embeddings" in manifest.corrected) is not same


@pytest.mark.parametrize("shape", [(5, 0), (0, 5), (0, 0), (5,), (), (5, 4, 3)])
@pytest.mark.parametrize(
    "others",
    [
        {},
        {"b_proj": (0, 0)},
        {"b_proj": (2, 5), "q_proj": (0, 5)},
        {"fgate_proj": (2, 0), "k_proj": (3, 0)},
        {"fgate_proj": (2, 3), "k_proj": ()},
        {"k_proj": ()},
    ],
)
def test_shapes_no_model_has(
    shape: tuple[int, ...], others: dict[str, tuple[int, ...]], tmp_path: Path
) -> None:
    tensors = {f"blocks.0.attn.{k}.weight": v for k, v in others.items()}
    tensors["tok_emb.weight"] = shape
    values = {name: stored(mx.zeros(shape)) for name, shape in tensors.items()}
    path = write_checkpoint(tmp_path / "c.safetensors", None, values)
    with pytest.raises(ConversionError):
        convert(path, tmp_path / "out")
    assert os.listdir(tmp_path) == ["c.safetensors"]


def test_foreign_model_is_one_sentence(tmp_path: Path, tokenizer_file: Path) -> None:
    tensors = {
        f"model.layers.{i}.self_attn.q_proj.weight": tensor
        for i, tensor in enumerate(checkpoint_tensors(small_config()).values())
    }
    path = write_checkpoint(tmp_path / "llama.safetensors", None, tensors)
    with pytest.raises(ConversionError, match="none of a Genesis model") as caught:
        convert(path, tmp_path / "out", tokenizer=tokenizer_file)
    assert len(caught.value.problems) == 1
