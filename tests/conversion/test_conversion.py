"""A converted directory: its values, files, provenance, and how it is replaced."""

import json
import os
import struct
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from checkpoints import (
    DTYPES,
    Stored,
    checkpoint_tensors,
    small_config,
    write_checkpoint,
)
from safetensors import safe_open

from backends.genesis_mlx import ModelArgs, load, quantizable, tensor_shapes
from converters import (
    ConversionError,
    Manifest,
    convert,
    read_manifest,
    verify,
)
from converters.header import read_header

NAMES = {"float32": mx.float32, "float16": mx.float16, "bfloat16": mx.bfloat16}
ALWAYS_FLOAT32 = ("A_log", "dt_bias", "log_lr")


def weights(directory: Path) -> dict[str, mx.array]:
    loaded = mx.load(str(directory / "model.safetensors"))
    assert isinstance(loaded, dict)
    return loaded


def joined(tensors: dict[str, Stored], block: str, *parts: str) -> mx.array:
    return mx.concatenate([tensors[f"{block}.{part}.weight"].values for part in parts])


def test_values(
    converted: Manifest, tmp_path: Path, tensors: dict[str, Stored]
) -> None:
    new = weights(tmp_path / "models" / "small")
    old = {k: v.values for k, v in tensors.items() if v.dtype in DTYPES}
    same = {
        "tok_emb.weight": old["tok_emb.weight"],
        "ln_f.omega": old["ln_f.omega"],
        "blocks.0.attn.in_proj.weight": joined(
            tensors, "blocks.0.attn", "q_proj", "k_proj", "v_proj", "g_proj"
        ),
        "blocks.3.attn.in_proj.weight": joined(
            tensors, "blocks.3.attn", "q_proj", "k_proj", "v_proj", "ogate_proj"
        ),
        "blocks.1.ffn.in_proj.weight": joined(
            tensors, "blocks.1.ffn", "gate_proj", "up_proj"
        ),
        "blocks.0.attn.o_norm.weight": old["blocks.0.attn.g_norm_swish_gate.weight"],
        "blocks.3.attn.o_norm.weight": old["blocks.3.attn.output_norm.weight"],
        "blocks.0.attn.A_log": old["blocks.0.attn.A_log"],
        "blocks.0.attn.b_proj.bias": old["blocks.0.attn.b_proj.bias"],
        "metacognition.confidence_in.weight": old["metacognition.confidence.0.weight"],
        "metacognition.confidence_out.bias": old["metacognition.confidence.2.bias"],
        "metacognition.ttt.layer_scale": old["metacognition.ttt.layer_scale.scale"],
        "metacognition.reflection.weight": old["metacognition.reflection.weight"],
    }
    for name, values in same.items():
        assert mx.array_equal(new[name], values), name
    kernel = new["blocks.0.attn.conv.weight"]
    q = old["blocks.0.attn.conv_q.conv.weight"]
    v = old["blocks.0.attn.conv_v.conv.weight"]
    for tap in range(4):
        assert mx.array_equal(kernel[tap, : q.shape[0]], q[:, 0, tap])
        assert mx.array_equal(kernel[tap, -v.shape[0] :], v[:, 0, tap])
    k = old["blocks.3.attn.k_conv.conv.weight"]
    assert mx.array_equal(new["blocks.3.attn.conv.weight"][:, : k.shape[0]], k[:, 0].T)


def test_nothing_is_lost(converted: Manifest, tensors: dict[str, Stored]) -> None:
    """As many parameters come out as went in, buffers left out."""
    count = sum(len(t.data) for k, t in tensors.items() if "evolution" not in k)
    count -= sum(len(t.data) for k, t in tensors.items() if "rope" in k)
    assert converted.parameters == count // 4


@pytest.mark.parametrize("dtype", [None, *NAMES])
@pytest.mark.parametrize("stored_as", DTYPES)
def test_dtypes(
    stored_as: str,
    dtype: Any,
    config: dict[str, Any],
    tmp_path: Path,
    tokenizer_file: Path,
) -> None:
    tensors = checkpoint_tensors(config, dtype=stored_as)
    path = write_checkpoint(tmp_path / "c.safetensors", config, tensors)
    manifest = convert(path, tmp_path / "out", tokenizer=tokenizer_file, dtype=dtype)
    wanted = NAMES[dtype] if dtype else DTYPES[stored_as]
    new = weights(tmp_path / "out")
    assert {k: v.shape for k, v in new.items()} == tensor_shapes(
        ModelArgs.from_config(config)
    )
    for name, array in new.items():
        always = name.endswith(ALWAYS_FLOAT32)
        assert array.dtype == (mx.float32 if always else wanted), name
    assert NAMES[manifest.dtype] == wanted
    old = tensors["blocks.2.ffn.down_proj.weight"].values
    assert mx.array_equal(new["blocks.2.ffn.down_proj.weight"], old.astype(wanted))


def test_joined_parts_take_the_widest_dtype(
    config: dict[str, Any], tmp_path: Path, tokenizer_file: Path
) -> None:
    tensors = checkpoint_tensors(config, dtype="BF16")
    tensors["blocks.0.attn.q_proj.weight"] = checkpoint_tensors(config)[
        "blocks.0.attn.q_proj.weight"
    ]
    half = checkpoint_tensors(config, dtype="F16")
    name = "blocks.1.ffn.up_proj.weight"
    tensors[name] = half[name]
    path = write_checkpoint(tmp_path / "c.safetensors", config, tensors)
    manifest = convert(path, tmp_path / "out", tokenizer=tokenizer_file)
    new = weights(tmp_path / "out")
    assert new["blocks.0.attn.in_proj.weight"].dtype == mx.float32
    # Neither half format holds all values of the other.
    assert new["blocks.1.ffn.in_proj.weight"].dtype == mx.float32
    assert new["blocks.1.attn.in_proj.weight"].dtype == mx.bfloat16
    assert manifest.dtype == "mixed"
    assert mx.array_equal(
        new["blocks.1.ffn.in_proj.weight"][-3:],
        half[name].values[-3:].astype(mx.float32),
    )


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("dtype", [None, "float16"])
def test_quantised(
    bits: int,
    dtype: Any,
    config: dict[str, Any],
    tmp_path: Path,
    tokenizer_file: Path,
) -> None:
    tensors = checkpoint_tensors(config, dtype="BF16")
    path = write_checkpoint(tmp_path / "c.safetensors", config, tensors)
    convert(path, tmp_path / "plain", tokenizer=tokenizer_file, dtype=dtype)
    manifest = convert(
        path, tmp_path / "out", tokenizer=tokenizer_file, dtype=dtype, quantize=bits
    )
    assert manifest.quantization == bits
    saved = json.loads((tmp_path / "out" / "config.json").read_text())
    assert saved["quantization"] == {"bits": bits, "group_size": 32}
    plain, new = weights(tmp_path / "plain"), weights(tmp_path / "out")
    expected = set(plain)
    with mx.stream(mx.cpu):
        for name, array in plain.items():
            if not quantizable(name):
                assert mx.array_equal(new[name], array), name
                continue
            stem = name.removesuffix(".weight")
            expected |= {f"{stem}.scales", f"{stem}.biases"}
            found = (new[name], new[f"{stem}.scales"], new[f"{stem}.biases"])
            for one, other in zip(
                found, mx.quantize(array, group_size=32, bits=bits), strict=True
            ):
                assert one.dtype == other.dtype
                assert mx.array_equal(one, other), name
    assert new.keys() == expected
    model = load(tmp_path / "out")
    assert bool(mx.all(mx.isfinite(model(mx.array([[1, 2, 3]])))).item())


def test_rows_are_read_in_pieces(
    checkpoint: Path,
    tmp_path: Path,
    tokenizer_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Odd small pieces give the same file as one."""
    for bits in (None, 4):
        whole = convert(
            checkpoint, tmp_path / "a", tokenizer=tokenizer_file, quantize=bits
        )
        with monkeypatch.context() as patch:
            patch.setattr("converters.arrays.PIECE_BYTES", 1000)
            parts = convert(
                checkpoint, tmp_path / "b", tokenizer=tokenizer_file, quantize=bits
            )
        assert parts.files == whole.files
        for name in ("a", "b"):
            for path in (tmp_path / name).iterdir():
                path.unlink()
            (tmp_path / name).rmdir()


def test_directory(
    converted: Manifest,
    checkpoint: Path,
    tmp_path: Path,
    config: dict[str, Any],
    tokenizer_file: Path,
) -> None:
    directory = tmp_path / "models" / "small"
    assert sorted(os.listdir(directory)) == [
        "config.json",
        "manifest.json",
        "model.safetensors",
        "tokenizer.json",
    ]
    assert os.listdir(tmp_path / "models") == ["small"]
    assert (directory / "tokenizer.json").read_bytes() == tokenizer_file.read_bytes()
    saved = json.loads((directory / "config.json").read_text())
    assert saved.pop("model_type") == "genesis"
    assert saved.pop("tokenizer") == {"kind": "neox"}
    assert saved == ModelArgs.from_config(config).to_config()
    assert read_manifest(directory) == converted
    assert verify(directory) == []
    assert converted.name == "small"
    assert converted.source.name == checkpoint.name
    assert converted.source.bytes == checkpoint.stat().st_size
    assert converted.files.keys() == set(os.listdir(directory)) - {"manifest.json"}
    # Where the source lay is nobody's business.
    assert str(tmp_path) not in (directory / "manifest.json").read_text()


def test_tensors_are_aligned(
    checkpoint: Path, tmp_path: Path, tokenizer_file: Path
) -> None:
    convert(
        checkpoint,
        tmp_path / "out",
        tokenizer=tokenizer_file,
        dtype="bfloat16",
        quantize=4,
    )
    path = tmp_path / "out" / "model.safetensors"
    width = {"F32": 4, "U32": 4, "BF16": 2}
    with path.open("rb") as file:
        assert struct.unpack("<Q", file.read(8))[0] % 8 == 0
    for name, info in read_header(path).tensors.items():
        assert info.start % width[info.dtype] == 0, name
    with safe_open(str(path), framework="numpy") as opened:
        assert opened.metadata() == {"format": "mlx"}


def test_converting_again_gives_the_same_bytes(
    converted: Manifest, checkpoint: Path, tmp_path: Path, tokenizer_file: Path
) -> None:
    again = convert(checkpoint, tmp_path / "again", tokenizer=tokenizer_file)
    assert again.files == converted.files


def test_backend_loads_it(
    config: dict[str, Any], tmp_path: Path, tokenizer_file: Path
) -> None:
    cases: tuple[dict[str, Any], ...] = (
        {},
        {"use_fox": False, "tie_word_embeddings": False},
        {"use_hybrid_layout": False, "use_zero_centered_norm": False},
        {"use_fox_pro": False, "gla_qk_norm": "rms", "gla_use_mamba_gate": False},
    )
    for number, overrides in enumerate(cases):
        this = {**config, **overrides}
        path = write_checkpoint(
            tmp_path / "c.safetensors", this, checkpoint_tensors(this)
        )
        out = tmp_path / f"out{number}"
        convert(path, out, tokenizer=tokenizer_file)
        logits = load(out)(mx.array([[3, 1, 4, 1, 5]]))
        assert logits.shape == (1, 5, config["vocab_size"])
        assert bool(mx.all(mx.isfinite(logits)).item())


def test_built_in_model(assets: Path, tmp_path: Path) -> None:
    manifest = convert(assets, tmp_path / "nano")
    assert manifest.parameters == 4_320_345
    assert (manifest.dtype, manifest.configuration) == ("bfloat16", "metadata")
    assert manifest.tokenizer_kind == "sentencepiece"
    assert manifest.source.kind == "directory"
    assert manifest.source.sha256.startswith("2c10d0f7c97a0cbd")
    assert verify(tmp_path / "nano") == []


@pytest.mark.parametrize("options", [{"dtype": "float64"}, {"quantize": 3}])
def test_bad_options(options: Any, checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="must be"):
        convert(checkpoint, tmp_path / "out", **options)


def test_progress(checkpoint: Path, tmp_path: Path, tokenizer_file: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    convert(
        checkpoint,
        tmp_path / "out",
        tokenizer=tokenizer_file,
        progress=lambda *report: seen.append(report),
    )
    stages = [stage for stage, _, _ in seen]
    assert list(dict.fromkeys(stages)) == ["check", "write", "verify"]
    for stage in ("check", "write", "verify"):
        done = [d for s, d, _ in seen if s == stage]
        totals = {t for s, _, t in seen if s == stage}
        assert done == sorted(done)
        assert totals == {done[-1]}


def test_configuration_in_the_file_matters(
    tmp_path: Path, tokenizer_file: Path
) -> None:
    """Shapes that do not fit the metadata are told, not silently corrected."""
    tensors = checkpoint_tensors(small_config())
    path = write_checkpoint(
        tmp_path / "c.safetensors", small_config(n_layer=5), tensors
    )
    with pytest.raises(ConversionError) as caught:
        convert(path, tmp_path / "out", tokenizer=tokenizer_file)
    problem, _advice = caught.value.problems
    assert "tensors are missing: blocks.4." in problem
