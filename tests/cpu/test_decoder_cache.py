"""A decoder's keys and values: copied, trimmed, saved, interrupted, refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from configurations import random_ids
from mlx_decoders import VOCABULARY, configuration, needs_mlx_lm, oracle, write
from running_decoders import ALL, load, split
from tolerances import SPLIT, max_difference

from backends.genesis_cpu import CacheError
from backends.genesis_cpu.decoder.cache import DecoderCache
from backends.genesis_cpu.decoder.model import DecoderModel

pytestmark = needs_mlx_lm
IDS = random_ids(90, 11, VOCABULARY)
OTHER = [*reversed(IDS[40:80])]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> DecoderModel:
    """With a window in every other block; never changed by a test."""
    config = configuration("windows", sliding_window=20)
    return load(write(tmp_path_factory.mktemp("small"), config, oracle(config)))


def read(model: DecoderModel, cache: DecoderCache, ids: list[int]) -> np.ndarray:
    logits: np.ndarray = model(np.array([ids]), cache)[0]
    return logits


@pytest.mark.parametrize("at", [1, 3, 63, 64, 89])
def test_saved_and_loaded_it_goes_on_exactly(
    at: int, model: DecoderModel, tmp_path: Path
) -> None:
    cache = model.make_cache()
    read(model, cache, IDS[:at])
    cache.save(tmp_path / "cache")
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    loaded = model.load_cache(tmp_path / "cache")
    assert loaded.offset == at
    expected = read(model, cache, IDS[at:])
    assert (read(model, loaded, IDS[at:]) == expected).all()
    assert max_difference(expected, split(model, IDS, ALL)[at:]) <= SPLIT


def test_a_file_has_no_unused_room(model: DecoderModel, tmp_path: Path) -> None:
    cache = model.make_cache()
    read(model, cache, IDS[:7])
    cache.save(tmp_path / "cache")
    args = model.args
    numbers = 2 * args.num_hidden_layers * args.num_key_value_heads * args.head_dim * 7
    assert 0 < (tmp_path / "cache").stat().st_size - 4 * numbers < 4096


def test_one_that_has_read_nothing(model: DecoderModel, tmp_path: Path) -> None:
    cache = model.make_cache()
    assert (cache.offset, cache.nbytes) == (0, 0)
    cache.save(tmp_path / "cache")
    loaded = model.load_cache(tmp_path / "cache")
    assert loaded.offset == 0
    assert (read(model, loaded, IDS) == split(model, IDS, ALL)).all()


def test_copies_are_independent(model: DecoderModel) -> None:
    """Both go on, in turns, into the same spare room."""
    cache = model.make_cache()
    read(model, cache, IDS[:40])
    copy = cache.copy()
    for mine, theirs in zip(IDS[40:80], OTHER, strict=True):
        model.step(mine, cache)
        model.step(theirs, copy)
    expected = split(model, [*IDS[:80], 5], ALL)[-1]
    assert max_difference(model.step(5, cache), expected) <= SPLIT
    expected = split(model, [*IDS[:40], *OTHER, 5], ALL)[-1]
    assert max_difference(model.step(5, copy), expected) <= SPLIT


@pytest.mark.parametrize("count", [1, 39, 40])
def test_trimmed_it_is_as_it_was(count: int, model: DecoderModel) -> None:
    """To the last bit, and what its copies have read stays."""
    cache = model.make_cache()
    read(model, cache, IDS[: 80 - count])
    before = cache.copy()
    read(model, cache, IDS[80 - count : 80])
    full = cache.copy()
    cache.trim(count)
    assert cache.offset == 80 - count
    assert (read(model, cache, OTHER) == read(model, before, OTHER)).all()
    expected = split(model, [*IDS[:80], 5], ALL)[-1]
    assert max_difference(model.step(5, full), expected) <= SPLIT


@pytest.mark.parametrize("count", [-1, 11])
def test_more_than_there_is_cannot_be_forgotten(
    count: int, model: DecoderModel
) -> None:
    cache = model.make_cache()
    read(model, cache, IDS[:10])
    with pytest.raises(ValueError, match="of 10 tokens"):
        cache.trim(count)
    assert cache.offset == 10


@pytest.mark.parametrize(
    "point", ["attention_weights", "apply_rotary", "selective_swiglu"]
)
def test_an_interrupt_leaves_the_cache_as_it_was(
    point: str, model: DecoderModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever in a prompt it comes; nothing of the prompt has been read."""
    from backends.genesis_cpu.decoder import prefill

    cache = model.make_cache()
    read(model, cache, IDS[:40])
    before = {name: array.copy() for name, array in cache.arrays().items()}

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(prefill, point, interrupted)
        with pytest.raises(KeyboardInterrupt):
            read(model, cache, IDS[40:])
    assert cache.offset == 40
    after = cache.arrays()
    assert all((after[name] == array).all() for name, array in before.items())
    expected = split(model, IDS, ALL)[40:]
    assert max_difference(read(model, cache, IDS[40:]), expected) <= SPLIT


def test_what_does_not_fit_is_refused(model: DecoderModel, tmp_path: Path) -> None:
    config = configuration("windows", sliding_window=21)
    other = load(write(tmp_path / "other", config, oracle(config)))
    cache, path = model.make_cache(), tmp_path / "cache"
    read(model, cache, IDS[:10])
    cache.save(path)
    with pytest.raises(CacheError, match="another shape"):
        other.load_cache(path)
    data = path.read_bytes()
    for damage in (data[:4000], data[:-4], b"", data.replace(b"keys", b"eyks", 1)):
        path.write_bytes(damage)
        with pytest.raises(CacheError, match="cache"):
            model.load_cache(path)
    path.write_bytes(data.replace(b'"offset":"10"', b'"offset":"11"'))
    with pytest.raises(CacheError, match="11 tokens"):
        model.load_cache(path)
    path.write_bytes(data.replace(b'"offset":"10"', b'"offset":"-1"'))
    with pytest.raises(CacheError, match="damaged"):
        model.load_cache(path)


def test_a_cache_that_cannot_be_written(model: DecoderModel, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="could not be written"):
        model.make_cache().save(tmp_path / "none" / "cache")
