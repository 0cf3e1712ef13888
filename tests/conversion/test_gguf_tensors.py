"""What becomes of a GGUF file's tensors: exact where that is promised."""

import io
import json
from pathlib import Path
from typing import Any

import gguf
import ggufs
import ml_dtypes
import mlx.core as mx
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Kind
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import load_file

from converters import ConversionError, convert
from converters.gguf.blocks import BITS, affine
from converters.gguf.header import GGUFTensor
from converters.gguf.values import floats

RNG = np.random.default_rng(11)
FLOATS = (Kind.F32, Kind.F16, Kind.BF16, Kind.F64)


def readable() -> list[Kind]:
    """Every kind of blocks that PyPI's gguf can read."""
    found = []
    for kind, (_, size) in gguf.GGML_QUANT_SIZES.items():
        try:
            gguf.dequantize(np.zeros((1, size), np.uint8), kind)
        except NotImplementedError:
            continue
        if kind not in FLOATS:
            found.append(kind)
    return found


def blocks(kind: Kind, rows: int, per_row: int) -> NDArray[np.uint8]:
    """Random blocks; small bytes, so that no scale in them is infinite or NaN."""
    _, size = gguf.GGML_QUANT_SIZES[kind]
    return RNG.integers(0, 0x30, (rows, per_row * size), dtype=np.uint8)


@pytest.mark.parametrize("kind", list(BITS))
def test_groups_are_the_blocks_exactly(kind: str) -> None:
    rows = blocks(Kind[kind], 40, 3)
    size = gguf.GGML_QUANT_SIZES[Kind[kind]][1]
    fields = rows.reshape(-1, size)
    # Every code with scales of both signs, subnormal, zero and the largest that the
    # bias leaves finite.
    fields[:, 4 if kind == "Q4_1" else 2 :] = RNG.integers(
        0, 256, (len(fields), size - (4 if kind == "Q4_1" else 2)), dtype=np.uint8
    )
    scales = [0.0, -0.0, 6e-8, -1.5, 0.1, 400.0, -400.0, -3e-5]
    heads = np.resize(np.array(scales, np.float16), len(fields))
    fields[:, :2] = heads.view(np.uint8).reshape(-1, 2)
    expected = gguf.dequantize(rows, Kind[kind])
    codes, found_scales, biases = affine(rows, kind)
    assert np.array_equal(biases.astype(np.float16).astype(np.float32), biases)
    found = mx.dequantize(
        mx.array(codes),
        mx.array(found_scales.astype(np.float32)),
        mx.array(biases),
        group_size=32,
        bits=BITS[kind],
    )
    assert np.array_equal(np.array(found), expected)


@pytest.mark.parametrize("kind", readable(), ids=lambda kind: kind.name)
def test_every_kind_of_blocks_is_read(kind: Kind) -> None:
    block, _ = gguf.GGML_QUANT_SIZES[kind]
    rows = blocks(kind, 6, 2)
    tensor = GGUFTensor(kind, (6, 2 * block), 0, rows.nbytes)
    expected = gguf.dequantize(rows, kind)
    pieces = list(floats(io.BytesIO(rows.tobytes()), tensor, heads=None))
    assert np.array_equal(np.concatenate(pieces), expected)
    # Heads of 2 rows whose pairs are already in order stay as they are.
    pieces = list(floats(io.BytesIO(rows.tobytes()), tensor, heads=3))
    assert np.array_equal(np.concatenate(pieces), expected)


def test_rows_of_heads_over_several_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("converters.gguf.values.PIECE_BYTES", 8 * 3 * 4)
    values = np.arange(24 * 3, dtype=np.float32).reshape(24, 3)
    tensor = GGUFTensor(Kind.F32, (24, 3), 0, values.nbytes)
    pieces = list(floats(io.BytesIO(values.tobytes()), tensor, heads=3))
    assert len(pieces) == 3
    order = [0, 2, 4, 6, 1, 3, 5, 7]
    expected = [head * 8 + row for head in range(3) for row in order]
    assert np.array_equal(np.concatenate(pieces), values[expected])


def dtypes(directory: Path) -> dict[str, str]:
    with safe_open(directory / "model.safetensors", "numpy") as file:
        return {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118


@pytest.mark.parametrize(
    ("kind", "through", "matrices", "norms"),
    [
        # What all values were rounded to before they were stored.
        ("F32", ml_dtypes.bfloat16, "BF16", "BF16"),
        ("F32", np.float16, "F16", "F16"),
        ("F32", np.float32, "F32", "F32"),
        ("F16", np.float16, "F16", "F16"),
        ("F16", np.float32, "F16", "F32"),
        ("BF16", ml_dtypes.bfloat16, "BF16", "BF16"),
        ("BF16", np.float32, "BF16", "F32"),
        ("Q8_0", np.float16, "U32", "F16"),
        ("Q5_0", np.float16, "F16", "F16"),
        ("Q5_1", np.float32, "F16", "F32"),
    ],
)
def test_floats_keep_every_value(
    kind: str, through: type, matrices: str, norms: str, tmp_path: Path
) -> None:
    size = len(ggufs.byte_level_vocabulary(ggufs.goldens()["merges"])[0])
    values = {
        name: value.astype(through).astype(np.float32)
        for name, value in ggufs.weights("llama", size).items()
    }
    stored = ggufs.write(tmp_path / "tiny.gguf", kind=kind, values=values)
    convert(tmp_path / "tiny.gguf", tmp_path / "out")
    found = dtypes(tmp_path / "out")
    assert found["model.layers.0.mlp.up_proj.weight"] == matrices
    assert found["model.norm.weight"] == norms
    weights = load_file(tmp_path / "out" / "model.safetensors")
    name = "model.norm.weight"
    assert np.array_equal(
        weights[name].astype(np.float32), values["output_norm.weight"]
    )
    if matrices in ("F16", "F32", "BF16"):
        ours = weights["model.layers.0.mlp.up_proj.weight"]
        expected = stored["blk.0.ffn_up.weight"].astype(ours.dtype)
        assert np.array_equal(ours, expected)


def test_mixed_types_have_their_own_bits(tmp_path: Path) -> None:
    kinds = {"": "Q4_1", "token_embd.weight": "Q8_0", "blk.0.ffn_up.weight": "Q5_0"}
    ggufs.write(tmp_path / "tiny.gguf", kind=kinds)
    manifest = convert(tmp_path / "tiny.gguf", tmp_path / "out")
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    eight = {"group_size": 32, "bits": 8}
    expected = {"group_size": 32, "bits": 4, "model.embed_tokens": eight}
    assert config["quantization"] == config["quantization_config"] == expected
    found = dtypes(tmp_path / "out")
    assert found["model.layers.0.mlp.up_proj.weight"] == "F16"
    assert "model.layers.0.mlp.up_proj.scales" not in found
    assert manifest.quantization == 4
    assert manifest.stored_as == "Q8_0, Q4_1, Q5_0"


def test_fewer_bits_when_asked_for(tmp_path: Path) -> None:
    kinds = {"": "Q8_0", "blk.0.ffn_up.weight": "Q4_0", "token_embd.weight": "F16"}
    ggufs.write(tmp_path / "tiny.gguf", kind=kinds)
    convert(tmp_path / "tiny.gguf", tmp_path / "plain")
    convert(tmp_path / "tiny.gguf", tmp_path / "four", quantize=4)
    config = json.loads((tmp_path / "four" / "config.json").read_text())
    assert config["quantization"] == {"group_size": 32, "bits": 4}
    one, other = (
        load_file(tmp_path / name / "model.safetensors") for name in ("plain", "four")
    )
    kept = "model.layers.0.mlp.up_proj"
    for part in ("weight", "scales", "biases"):
        assert np.array_equal(one[f"{kept}.{part}"], other[f"{kept}.{part}"])
    assert "model.embed_tokens.scales" in other
    down = "model.layers.0.mlp.down_proj.weight"
    assert one[down].shape[1] == 2 * other[down].shape[1]


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_the_dtype_that_was_asked_for(dtype: Any, tmp_path: Path) -> None:
    ggufs.write(tmp_path / "tiny.gguf", kind={"": "Q4_0", "blk.0.ffn_up.weight": "F32"})
    manifest = convert(tmp_path / "tiny.gguf", tmp_path / "out", dtype=dtype)
    code = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}[dtype]
    assert set(dtypes(tmp_path / "out").values()) == {"U32", code}
    assert manifest.dtype == dtype


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["output_norm.weight", "blk.0.attn_q.weight"])
def test_values_that_are_none(value: float, name: str, tmp_path: Path) -> None:
    size = len(ggufs.byte_level_vocabulary(ggufs.goldens()["merges"])[0])
    values = ggufs.weights("llama", size)
    values[name].reshape(-1)[3] = value
    ggufs.write(tmp_path / "tiny.gguf", values=values)
    with pytest.raises(ConversionError, match=f"{name} holds NaN or infinite"):
        convert(tmp_path / "tiny.gguf", tmp_path / "models" / "out")
    assert not (tmp_path / "models").exists()


def test_values_too_large_for_float16(tmp_path: Path) -> None:
    size = len(ggufs.byte_level_vocabulary(ggufs.goldens()["merges"])[0])
    values = ggufs.weights("llama", size)
    values["blk.0.attn_q.weight"] *= 1e6
    ggufs.write(tmp_path / "tiny.gguf", kind="Q5_0", values=values)
    with pytest.raises(ConversionError, match="use --dtype float32"):
        convert(tmp_path / "tiny.gguf", tmp_path / "out")
    convert(tmp_path / "tiny.gguf", tmp_path / "out", dtype="float32")
    # The bias of 128 scales is too large, though the scale is not.
    ggufs.write(tmp_path / "tiny.gguf", kind="Q8_0", values=values)
    with pytest.raises(ConversionError, match="use --dtype float32"):
        convert(tmp_path / "tiny.gguf", tmp_path / "eight")
