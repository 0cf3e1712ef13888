"""The cache: continuing, copying, saving, and refusing what is not its own."""

from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
from checkpoints import checkpoint_tensors, small_config
from configurations import configuration, random_ids
from running import build, whole
from safetensors.numpy import load_file, save_file
from tolerances import SPLIT, max_difference

from backends.genesis_mlx import Cache, CacheError, Model

IDS = random_ids(90, 11)


def read(model: Model, cache: Cache, ids: list[int]) -> np.ndarray:
    return np.asarray(model(mx.array([ids]), cache)[0])


@pytest.mark.parametrize("ttt", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3, 63, 64, 65, 89])
def test_saved_and_loaded_it_goes_on_exactly(
    at: int, ttt: bool, model: Model, tmp_path: Path
) -> None:
    cache = model.make_cache(ttt=ttt)
    read(model, cache, IDS[:at])
    cache.save(tmp_path / "cache")
    loaded = model.load_cache(tmp_path / "cache")
    assert (loaded.offset, loaded.ttt is not None) == (at, ttt)
    expected = read(model, cache, IDS[at:])
    assert (read(model, loaded, IDS[at:]) == expected).all()
    assert max_difference(expected, whole(model, IDS, ttt=ttt)[at:]) <= SPLIT


def test_every_kind_of_layer_can_be_saved(tmp_path: Path) -> None:
    for name in ("gated-attention", "plain-fox", "no-short-convolution", "no-ttt"):
        folder = tmp_path / name
        folder.mkdir()
        config = configuration(name)
        model = build(config, checkpoint_tensors(config), folder)
        cache = model.make_cache()
        read(model, cache, IDS[:30])
        cache.save(folder / "cache")
        loaded = model.load_cache(folder / "cache")
        expected = read(model, cache, IDS[30:])
        assert (read(model, loaded, IDS[30:]) == expected).all()


def test_an_empty_cache_can_be_saved(model: Model, tmp_path: Path) -> None:
    model.make_cache().save(tmp_path / "cache")
    loaded = model.load_cache(tmp_path / "cache")
    assert loaded.offset == 0
    assert max_difference(read(model, loaded, IDS), whole(model, IDS, ttt=True)) == 0


def test_copies_are_independent(model: Model) -> None:
    """Both go on, in turns, into the same spare room of the same buffers."""
    cache = model.make_cache()
    read(model, cache, IDS[:40])
    copy = cache.copy()
    other = [*reversed(IDS[40:80])]
    for n in range(40):
        read(model, cache, IDS[40 + n : 41 + n])
        read(model, copy, other[n : n + 1])
    again = model.make_cache()
    read(model, again, IDS[:80])
    assert max_difference(read(model, cache, [5]), read(model, again, [5])) <= SPLIT
    expected = whole(model, [*IDS[:40], *other, 5], ttt=True)[-1:]
    assert max_difference(read(model, copy, [5]), expected) <= SPLIT


def test_bytes_grow_with_attention_only(model: Model) -> None:
    """It counts the room held for tokens to come, which comes in steps."""
    cache, args = model.make_cache(), model.args
    assert cache.nbytes == 0
    read(model, cache, IDS[:5])
    states = args.n_head * args.gla_key_dim * args.gla_value_dim * 4
    small = cache.nbytes
    assert small > args.layer_kinds.count("gla") * states
    read(model, cache, random_ids(600, 1))
    row = (args.n_head + args.n_kv_head) * args.head_dim * 4 + args.n_head * 4
    rows = (cache.nbytes - small) / (args.layer_kinds.count("fox") * row)
    assert 300 <= rows <= 1000


def test_a_failed_save_leaves_the_old_file(model: Model, tmp_path: Path) -> None:
    cache = model.make_cache()
    read(model, cache, IDS[:3])
    with pytest.raises(OSError, match="nowhere"):
        cache.save(tmp_path / "nowhere" / "cache")
    target = tmp_path / "cache"
    target.mkdir()
    with pytest.raises(OSError, match="cache"):
        cache.save(target)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


@pytest.fixture
def saved(model: Model, tmp_path: Path) -> Path:
    cache = model.make_cache()
    read(model, cache, IDS[:10])
    cache.save(tmp_path / "cache")
    return tmp_path / "cache"


def test_a_cache_of_another_model_is_refused(saved: Path, tmp_path: Path) -> None:
    config = small_config(n_layer=5)
    other = build(config, checkpoint_tensors(config), tmp_path)
    with pytest.raises(CacheError, match="another shape"):
        other.load_cache(saved)


@pytest.mark.parametrize("kept", [0, 7, 8, 100, 4000])
def test_a_cut_file_is_refused(kept: int, saved: Path, model: Model) -> None:
    saved.write_bytes(saved.read_bytes()[:kept])
    with pytest.raises(CacheError, match="cache"):
        model.load_cache(saved)


def test_a_missing_file_is_refused(model: Model, tmp_path: Path) -> None:
    with pytest.raises(CacheError, match="nothing"):
        model.load_cache(tmp_path / "nothing")


def test_a_foreign_file_is_refused(model_folder: Path, model: Model) -> None:
    with pytest.raises(CacheError, match="not a cache file"):
        model.load_cache(model_folder / "model" / "model.safetensors")


@pytest.mark.parametrize(
    "damage",
    [
        *("drop", "rename", "shorten", "reshape", "integer", "half"),
        *("offset", "negative", "deep", "metadata"),
    ],
)
def test_a_damaged_cache_is_refused(damage: str, saved: Path, model: Model) -> None:
    """Whatever is missing or misshapen: none of it may reach the model."""
    from safetensors import safe_open

    with safe_open(str(saved), framework="numpy") as file:
        metadata = dict(file.metadata())
    arrays = load_file(saved)
    name = next(n for n in arrays if n.endswith("state"))
    match damage:
        case "drop":
            del arrays[name]
        case "rename":
            arrays["layers.99.state"] = arrays.pop(name)
        case "shorten":
            keys = next(n for n in arrays if n.endswith("keys"))
            arrays[keys] = np.ascontiguousarray(arrays[keys][:, :, 1:])
        case "reshape":
            arrays[name] = arrays[name].reshape(1, -1)
        case "integer":
            arrays[name] = arrays[name].astype(np.int32)
        case "half":
            arrays[name] = arrays[name].astype(np.float16)
        case "negative":
            metadata["offset"] = "-5"
        case "deep":
            metadata["config"] = "[" * 100_000
        case "offset":
            metadata["offset"] = "many"
        case "metadata":
            del metadata["config"]
    save_file(arrays, saved, metadata)
    with pytest.raises(CacheError, match="cache"):
        model.load_cache(saved)
