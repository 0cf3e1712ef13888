"""Whatever is wrong with a checkpoint's tensors is refused by name, all at once."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from checkpoints import (
    Stored,
    checkpoint_tensors,
    nbytes,
    small_config,
    stored,
    write_checkpoint,
)
from slow import slow_after

from backends.genesis_mlx import ModelArgs
from converters import ConversionError, Manifest, convert
from converters.layout import source_shapes

Refuse = Callable[[dict[str, Stored]], tuple[str, ...]]
CONFIGS: dict[str, dict[str, Any]] = {
    "released form": {},
    "other norms": {
        "use_zero_centered_norm": False,
        "tie_word_embeddings": False,
        "gla_use_mamba_gate": False,
        "gla_qk_norm": "rms",
    },
    "gated attention": {
        "use_fox": False,
        "use_ttt": False,
        "gla_fuse_norm_gate": False,
        "gla_use_short_conv": False,
    },
}


@pytest.fixture
def refuse(tmp_path: Path, config: dict[str, Any], tokenizer_file: Path) -> Refuse:
    """Convert the tensors, which must fail and write nothing; returns problems."""

    def run(tensors: dict[str, Stored], **overrides: Any) -> tuple[str, ...]:
        path = tmp_path / "c.safetensors"
        write_checkpoint(path, {**config, **overrides}, tensors)
        with pytest.raises(ConversionError) as caught:
            convert(path, tmp_path / "out", tokenizer=tokenizer_file)
        assert os.listdir(tmp_path) == ["c.safetensors"]
        return caught.value.problems

    return run


def accept(
    tensors: dict[str, Stored], config: dict[str, Any], directory: Path, **options: Any
) -> Manifest:
    path = write_checkpoint(directory / "c.safetensors", config, tensors)
    return convert(path, directory / "out", **options)


def names(problems: tuple[str, ...]) -> list[str]:
    return [problem.split(" ", 1)[0] for problem in problems]


@pytest.mark.parametrize("case", CONFIGS)
def test_each_tensor_dropped(case: str, refuse: Any) -> None:
    overrides = CONFIGS[case]
    tensors = checkpoint_tensors(small_config(**overrides))
    for name in tensors:
        rest = {k: v for k, v in tensors.items() if k != name}
        problems = refuse(rest, **overrides)
        assert names(problems) == [name]
        assert "is missing" in problems[0]


@pytest.mark.parametrize("case", CONFIGS)
def test_each_tensor_renamed(case: str, refuse: Any) -> None:
    overrides = CONFIGS[case]
    tensors = checkpoint_tensors(small_config(**overrides))
    for name in tensors:
        other = f"{name}_renamed"
        problems = refuse(
            {other if k == name else k: v for k, v in tensors.items()}, **overrides
        )
        assert sorted(names(problems)) == sorted([name, other])
        assert any("--accept-unknown" in problem for problem in problems)


@pytest.mark.parametrize("case", CONFIGS)
def test_each_tensor_transposed(case: str, refuse: Any) -> None:
    """Every tensor whose shape changes; a square matrix looks the same turned."""
    overrides = CONFIGS[case]
    tensors = checkpoint_tensors(small_config(**overrides))
    square = 0
    for name, tensor in tensors.items():
        turned = stored(tensor.values.T)
        if turned.shape == tensor.shape:
            square += 1
            continue
        problems = refuse({**tensors, name: turned}, **overrides)
        assert names(problems) == [name]
        assert str(turned.shape) in problems[0]
        assert str(tensor.shape) in problems[0]
    assert square < len(tensors)


@pytest.mark.parametrize("dtype", ["F64", "I32", "U8"])
def test_each_tensor_retyped(dtype: str, refuse: Any) -> None:
    tensors = checkpoint_tensors(small_config())
    for name, tensor in tensors.items():
        data = bytes(nbytes(dtype, tensor.shape))
        problems = refuse({**tensors, name: Stored(dtype, tensor.shape, data)})
        assert names(problems) == [name]
        assert dtype in problems[0]


@pytest.mark.parametrize(
    "value", slow_after(1, [float("nan"), float("inf"), float("-inf")])
)
@pytest.mark.parametrize("dtype", slow_after(2, ["F32", "BF16", "F16"]))
def test_each_tensor_with_a_value_that_is_no_number(
    value: float, dtype: str, refuse: Any
) -> None:
    tensors = checkpoint_tensors(small_config(), dtype=dtype)
    for name in list(tensors)[:: 1 if dtype == "F32" else 7]:
        values = tensors[name].values
        flat = values.reshape(-1)
        flat[-1] = value
        bad = stored(flat.reshape(values.shape))
        problems = refuse({**tensors, name: bad})
        assert names(problems) == [name]
        assert "NaN or infinite" in problems[0]


def test_everything_wrong_is_told_at_once(refuse: Any) -> None:
    tensors = checkpoint_tensors(small_config())
    del tensors["ln_f.omega"]
    tensors["blocks.1.attn.A_log"] = Stored("F64", [4], bytes(32))
    tensors["blocks.2.ffn.up_proj.weight"] = stored(mx.zeros((3, 5)))
    tensors["blocks.2.attn.extra.weight"] = stored(mx.zeros((2,)))
    tensors["blocks.9.attn_norm.omega"] = stored(mx.zeros((64,)))
    problems = refuse(tensors, warp=1)
    text = "\n".join(problems)
    assert len(problems) == 6
    for name in (
        "ln_f.omega",
        "blocks.1.attn.A_log",
        "blocks.2.ffn.up_proj.weight",
        "blocks.2.attn.extra.weight",
        "blocks.9.attn_norm.omega",
        "warp",
    ):
        assert name in text


def test_all_values_that_are_no_numbers_are_told_at_once(refuse: Any) -> None:
    tensors = checkpoint_tensors(small_config())
    wrong = list(tensors)[3::10]
    for name in wrong:
        tensors[name] = stored(mx.full(tensors[name].shape, float("nan")))
    assert names(refuse(tensors)) == wrong


def test_unknown_tensors_are_left_out_when_accepted(
    config: dict[str, Any],
    tensors: dict[str, Stored],
    tmp_path: Path,
    tokenizer_file: Path,
) -> None:
    """Also those with a name of another configuration, which must not be mixed in."""
    plain = accept(tensors, config, tmp_path, tokenizer=tokenizer_file)
    extra = {
        "new.thing": Stored("F8_E4M3", [3], b"\xff" * 3),
        "blocks.0.attn.g_norm.weight": stored(mx.full((24,), float("nan"))),
        **tensors,
        "blocks.0.attn.k_conv.conv.weight": stored(mx.ones((24, 1, 4))),
        "\x1b[2J": stored(mx.ones((1,))),
    }
    manifest = accept(
        extra,
        config,
        tmp_path,
        tokenizer=tokenizer_file,
        accept_unknown=True,
        replace=True,
    )
    assert set(manifest.left_out) == extra.keys() - tensors.keys()
    assert manifest.files["model.safetensors"] == plain.files["model.safetensors"]


def test_control_characters_in_names_are_not_repeated(refuse: Any) -> None:
    tensors = checkpoint_tensors(small_config())
    tensors["\x1b]0;title\x07\n" + "x" * 5000] = stored(mx.ones((1,)))
    (problem,) = refuse(tensors)
    assert problem.isprintable()
    assert len(problem) < 400


def test_tied_head_must_be_the_embedding(
    config: dict[str, Any], refuse: Any, tmp_path: Path, tokenizer_file: Path
) -> None:
    tensors = checkpoint_tensors(small_config())
    embedding = tensors["tok_emb.weight"]
    data = bytearray(embedding.data)
    data[-1] ^= 1
    for head in (
        Stored("F32", embedding.shape, bytes(data)),
        stored(embedding.values.astype(mx.float16)),
        stored(embedding.values[:-1]),
    ):
        (problem,) = refuse({**tensors, "lm_head.weight": head})
        assert problem.startswith("lm_head.weight differs from tok_emb.weight")
    whole = {"lm_head.weight": embedding, **tensors}
    manifest = accept(whole, config, tmp_path, tokenizer=tokenizer_file)
    assert manifest.left_out == ()


@pytest.mark.parametrize(
    ("stored_as", "value", "dtype", "advice"),
    [
        ("F32", 70_000.0, "float16", "--dtype bfloat16"),
        ("BF16", -70_000.0, "float16", "--dtype bfloat16"),
        ("F32", 3.4e38, "bfloat16", "--dtype float32"),
    ],
)
def test_overflow_in_the_new_dtype(
    stored_as: str,
    value: float,
    dtype: Any,
    advice: str,
    config: dict[str, Any],
    tmp_path: Path,
    tokenizer_file: Path,
) -> None:
    tensors = checkpoint_tensors(config, dtype=stored_as)
    name = "blocks.1.ffn.down_proj.weight"
    values = tensors[name].values
    values[-1, -1] = value
    tensors[name] = stored(values)
    with pytest.raises(ConversionError, match="too large") as caught:
        accept(tensors, config, tmp_path, tokenizer=tokenizer_file, dtype=dtype)
    assert names(caught.value.problems) == [name]
    assert advice in str(caught.value)
    assert not (tmp_path / "out").exists()
    accept(tensors, config, tmp_path, tokenizer=tokenizer_file)


def test_exponents_may_exceed_half_precision(
    config: dict[str, Any], tmp_path: Path, tokenizer_file: Path
) -> None:
    """They are always written in float32."""
    tensors = checkpoint_tensors(config)
    tensors["blocks.0.attn.dt_bias"] = stored(mx.full((4,), 1e6))
    accept(tensors, config, tmp_path, tokenizer=tokenizer_file, dtype="float16")


def test_quantisation_needs_whole_groups(tmp_path: Path, tokenizer_file: Path) -> None:
    config = small_config(n_embd=80, mup_base_width=40)
    tensors = checkpoint_tensors(config)
    assert ModelArgs.from_config(config).n_embd % 32
    with pytest.raises(ConversionError, match="not a multiple of 32") as caught:
        accept(tensors, config, tmp_path, tokenizer=tokenizer_file, quantize=4)
    assert "tok_emb.weight" in str(caught.value)
    assert os.listdir(tmp_path) == ["c.safetensors"]


def test_every_expected_tensor_is_tried() -> None:
    """The loops above see all tensors of their configurations."""
    for overrides in CONFIGS.values():
        config = small_config(**overrides)
        assert (
            checkpoint_tensors(config).keys()
            == source_shapes(ModelArgs.from_config(config)).keys()
        )
