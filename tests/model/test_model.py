"""The model as a whole: batches, splits, dtypes and what it reports."""

import json
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from checkpoints import checkpoint_tensors, small_config
from configurations import configuration, random_ids, random_split
from running import build, build_from, split, whole
from safetensors.numpy import load_file, save_file
from tolerances import RELATIVE_RMS, SPLIT, max_difference

from backends.genesis_mlx import (
    ConfigError,
    Model,
    ModelArgs,
    TokenError,
    WeightsError,
    load,
    read_args,
    tensor_shapes,
)

IDS = random_ids(120, 21)


@pytest.mark.parametrize("ttt", [False, True])
def test_rows_of_a_batch_do_not_mix(model: Model, ttt: bool) -> None:
    rows = [random_ids(70, seed) for seed in range(3)]
    cache = model.make_cache(ttt=ttt)
    first = model(mx.array([row[:65] for row in rows]), cache)
    rest = model(mx.array([row[65:] for row in rows]), cache)
    logits = np.asarray(mx.concatenate([first, rest], axis=1))
    for row, actual in zip(rows, logits, strict=True):
        assert max_difference(actual, whole(model, row, ttt=ttt)) <= SPLIT


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("ttt", [False, True])
def test_any_split_gives_the_same_logits(seed: int, ttt: bool, model: Model) -> None:
    expected = whole(model, IDS, ttt=ttt)
    parts = random_split(len(IDS), seed)
    assert max_difference(split(model, IDS, parts, ttt=ttt), expected) <= SPLIT


def test_without_a_cache_it_is_the_full_forward(model: Model) -> None:
    logits = model(mx.array([IDS]))
    assert logits.shape == (1, len(IDS), model.args.vocab_size)
    assert logits.dtype == mx.float32
    assert max_difference(logits[0], whole(model, IDS, ttt=True)) == 0
    assert max_difference(logits[0], whole(model, IDS, ttt=False)) > 100 * SPLIT


def test_released_configuration_has_its_parameters() -> None:
    args = ModelArgs.released()
    shapes = tensor_shapes(args).values()
    assert sum(int(np.prod(shape)) for shape in shapes) == 151_757_837
    kinds = args.layer_kinds
    assert [i for i, kind in enumerate(kinds) if kind == "fox"] == [*range(3, 30, 4)]
    assert kinds.count("gla") == 23
    assert (args.gla_key_dim, args.gla_value_dim, args.ffn_width) == (48, 96, 1440)


def test_on_a_cpu_it_computes_in_float32(model_folder: Path) -> None:
    if mx.metal.is_available():
        pytest.skip("this machine has Metal")
    model = load(model_folder / "model")
    assert (model.device, model.dtype) == ("CPU", "float32")
    assert model.nbytes == sum(
        4 * int(np.prod(shape)) for shape in tensor_shapes(model.args).values()
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_near(dtype: Any, model: Model, model_folder: Path) -> None:
    half = load(model_folder / "model", dtype=dtype)
    assert half.dtype == dtype
    assert half.nbytes < 0.6 * model.nbytes
    expected = whole(model, IDS, ttt=True)
    found = np.asarray(half(mx.array([IDS]))[0].astype(mx.float32))
    error = float(np.sqrt(((found - expected) ** 2).mean() / (expected**2).mean()))
    assert 0 < error <= RELATIVE_RMS[dtype]


@pytest.mark.parametrize("bits", [4, 8])
def test_quantised_models_split_and_continue_alike(bits: int, tmp_path: Path) -> None:
    config = small_config(use_selective_activation=False)
    build(config, checkpoint_tensors(config), tmp_path)
    from checkpoints import write_checkpoint

    source = write_checkpoint(
        tmp_path / "again.safetensors", config, checkpoint_tensors(config)
    )
    model = build_from(
        source,
        tmp_path / "quantised",
        tokenizer=tmp_path / "tokenizer.json",
        quantize=bits,
    )
    parts = random_split(len(IDS), bits)
    expected = whole(model, IDS, ttt=True)
    assert max_difference(split(model, IDS, parts, ttt=True), expected) <= SPLIT


@pytest.mark.parametrize(
    ("overrides", "flag"),
    [
        ({"use_gla": False}, "use_gla"),
        ({"ttt_mode": "online"}, "ttt_mode"),
        ({"n_kv_head": 3}, "n_kv_head"),
        ({"n_head": 5}, "n_head"),
        ({"gla_expand_k": 0.71}, "gla_expand_k"),
        ({"hybrid_full_attn_ratio": 1.5}, "hybrid_full_attn_ratio"),
        ({"gla_conv_size": 1}, "gla_conv_size"),
        ({"n_layer": 0}, "n_layer"),
        ({"n_layer": "four"}, "n_layer"),
        ({"n_layer": 2.5}, "n_layer"),
        ({"n_layer": True}, "n_layer"),
        ({"norm_eps": float("nan")}, "norm_eps"),
        ({"block_size": None}, "block_size"),
        ({"use_ttt": "yes"}, "use_ttt"),
        ({"selective_k_ratio": []}, "selective_k_ratio"),
        ({"n_layer": 10**400}, "n_layer"),
        ({"n_layer": 1e308}, "n_layer"),
        ({"norm_eps": 10**400}, "norm_eps"),
        ({"n_embd": 2**40}, "n_embd"),
        ({"gla_expand_v": 1e299}, "gla_expand_v"),
        ({"n_kv_head": None}, "n_kv_head"),
        ({"ttt_inference_fast_path": False}, "ttt_inference_fast_path"),
    ],
)
def test_what_cannot_run_is_refused_by_name(
    overrides: dict[str, object], flag: str
) -> None:
    with pytest.raises(ConfigError, match=flag):
        ModelArgs.from_config({**configuration("released-ratios"), **overrides})


def test_the_smallest_ratio_means_no_attention() -> None:
    config = {**configuration("released-ratios"), "hybrid_full_attn_ratio": 5e-324}
    assert set(ModelArgs.from_config(config).layer_kinds) == {"gla"}


@pytest.mark.parametrize(
    "ids",
    [
        mx.zeros((1, 0), mx.int32),
        mx.zeros((0, 1), mx.int32),
        mx.zeros((3,), mx.int32),
        mx.zeros((1, 3)),
        mx.zeros((1, 3), mx.bool_),
        mx.array([[3, 300]]),
    ],
)
def test_what_is_no_batch_of_ids_is_refused(ids: mx.array, model: Model) -> None:
    for cache in (None, model.make_cache()):
        with pytest.raises(TokenError, match=r"integers|vocabulary"):
            model(ids, cache)


def test_a_cache_keeps_its_batch(model: Model) -> None:
    cache = model.make_cache()
    model(mx.array([IDS[:3], IDS[3:6]]), cache)
    with pytest.raises(TokenError, match="read 2 texts"):
        model(mx.array([IDS[:3]]), cache)


@pytest.mark.parametrize("dtype", [mx.uint8, mx.int64, mx.uint16])
def test_every_integer_dtype_will_do(dtype: mx.Dtype, model: Model) -> None:
    ids = mx.array([[5, 6, 255]])
    expected = model(ids)
    assert max_difference(model(ids.astype(dtype)), expected) == 0


def test_an_interrupt_leaves_the_cache_as_it_was(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a block in the middle: the blocks before it have read the tokens already."""
    cache = model.make_cache()
    model(mx.array([IDS[:20]]), cache)
    block = type(model.blocks[0])
    run = block.__call__

    def interrupted(self: Any, *arguments: Any) -> Any:
        if self is model.blocks[2]:
            raise KeyboardInterrupt
        return run(self, *arguments)

    monkeypatch.setattr(block, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model(mx.array([IDS[20:25]]), cache)
    monkeypatch.undo()
    assert cache.offset == 20
    actual = model(mx.array([IDS[20:]]), cache)[0]
    assert max_difference(actual, whole(model, IDS, ttt=True)[20:]) <= SPLIT


def test_unknown_fields_name_the_option_that_accepts_them() -> None:
    config = {**configuration("released-ratios"), "novelty": 1, "dropout": 0.1}
    with pytest.raises(ConfigError, match=r"novelty.*--accept-unknown") as caught:
        ModelArgs.from_config(config)
    assert caught.value.unknown == ("novelty",)
    accepted = ModelArgs.from_config(config, accept_unknown=True)
    assert accepted == ModelArgs.from_config(configuration("released-ratios"))


@pytest.mark.parametrize(
    "damage",
    [
        "missing",
        "empty",
        "deep",
        "list",
        "kind",
        "field",
        "unknown",
        "quantization",
        "folder",
    ],
)
def test_a_damaged_config_is_refused(damage: str, folder: Path) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    match damage:
        case "missing":
            path.unlink()
        case "empty":
            path.write_text("")
        case "deep":
            path.write_text("[" * 100_000)
        case "folder":
            path.unlink()
            path.mkdir()
        case "unknown":
            path.write_text(json.dumps({**config, "novelty": 1}))
        case "list":
            path.write_text("[]")
        case "kind":
            path.write_text(json.dumps({**config, "model_type": "llama"}))
        case "field":
            path.write_text(json.dumps({**config, "n_head": "x"}))
        case "quantization":
            path.write_text(json.dumps({**config, "quantization": {"bits": 3}}))
    with pytest.raises(ConfigError, match=r"config\.json") as caught:
        load(folder)
    assert "--accept-unknown" not in str(caught.value)


@pytest.mark.parametrize(
    "damage", ["missing", "cut", "header", "other", "extra", "integer", "folder"]
)
def test_damaged_weights_are_refused(damage: str, folder: Path) -> None:
    path = folder / "model.safetensors"
    match damage:
        case "missing":
            path.unlink()
        case "cut":
            path.write_bytes(path.read_bytes()[:-1])
        case "header":
            path.write_bytes(b"\xff" * 64)
        case "folder":
            path.unlink()
            path.mkdir()
        case "extra" | "integer":
            arrays = load_file(path)
            if damage == "extra":
                arrays["novelty"] = np.zeros(3, np.float32)
            else:
                arrays["ln_f.omega"] = arrays["ln_f.omega"].astype(np.int32)
            save_file(arrays, path)
        case "other":
            config = json.loads((folder / "config.json").read_text())
            (folder / "config.json").write_text(json.dumps({**config, "n_layer": 5}))
    with pytest.raises(WeightsError, match=r"model\.safetensors"):
        load(folder)


def test_an_unknown_dtype_is_refused(folder: Path) -> None:
    name: Any = "int8"
    with pytest.raises(ConfigError, match="float32, float16, bfloat16"):
        load(folder, dtype=name)


def test_read_args_is_the_configuration(folder: Path, model: Model) -> None:
    assert read_args(folder) == model.args


@pytest.fixture
def folder(model: Model, model_folder: Path, tmp_path: Path) -> Path:
    """A copy of a converted model, to be damaged."""
    for file in (model_folder / "model").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path
