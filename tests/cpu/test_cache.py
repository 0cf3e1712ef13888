"""The CPU backend's cache: continued, copied, interrupted, and carried to MLX."""

from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from checkpoints import checkpoint_tensors, small_config
from configurations import configuration, random_ids
from running import build
from running_cpu import load_cpu, whole
from tolerances import LOGITS, SPLIT, max_difference

from backends import genesis_mlx
from backends.genesis_cpu import Cache, CacheError, Model, SamplingSettings, generate

IDS = random_ids(90, 11)
POINTS = (
    "gated_linear_attention",
    "forgetting_weights",
    "selective_swiglu",
    "test_time_training",
)
GREEDY = SamplingSettings(temperature=0, repetition_penalty=1)


def read(model: Model, cache: Cache, ids: list[int]) -> np.ndarray:
    logits: np.ndarray = model(np.array([ids]), cache)[0]
    return logits


def read_mlx(model: genesis_mlx.Model, cache: Any, ids: list[int]) -> np.ndarray:
    return np.asarray(model(mx.array([ids]), cache)[0])


@pytest.mark.parametrize("ttt", [False, True])
@pytest.mark.parametrize("at", [1, 3, 63, 64, 89])
def test_saved_and_loaded_it_goes_on_exactly(
    at: int, ttt: bool, model: Model, tmp_path: Path
) -> None:
    cache = model.make_cache(ttt=ttt)
    read(model, cache, IDS[:at])
    cache.save(tmp_path / "cache")
    loaded = model.load_cache(tmp_path / "cache")
    assert (loaded.offset, loaded.ttt) == (at, ttt)
    expected = read(model, cache, IDS[at:])
    assert (read(model, loaded, IDS[at:]) == expected).all()
    assert max_difference(expected, whole(model, IDS, ttt=ttt)[at:]) <= SPLIT


@pytest.mark.parametrize("ttt", [False, True])
@pytest.mark.parametrize(
    "name", ["released-ratios", "gated-attention", "plain-fox", "no-short-convolution"]
)
def test_one_conversation_in_two_backends(name: str, ttt: bool, tmp_path: Path) -> None:
    """Carried over and back in the middle of it."""
    config = configuration(name)
    mlx = build(config, checkpoint_tensors(config), tmp_path)
    cpu = load_cpu(tmp_path / "model")
    path = tmp_path / "cache"
    first = cpu.make_cache(ttt=ttt)
    read(cpu, first, IDS[:30])
    first.save(path)
    second = mlx.load_cache(path)
    there = read_mlx(mlx, second, IDS[30:60])
    second.save(path)
    third = cpu.load_cache(path)
    back = read(cpu, third, IDS[60:])
    assert third.offset == 90
    expected = whole(cpu, IDS, ttt=ttt)
    assert max_difference(np.concatenate([there, back]), expected[30:]) <= LOGITS
    arrays = {name: np.asarray(array) for name, array in second.arrays().items()}
    again = mlx.load_cache(path)
    assert {n: a.shape for n, a in again.arrays().items()} == {
        n: a.shape for n, a in arrays.items()
    }


def test_greedy_text_is_the_same_across_backends(
    model: Model, mlx_model: genesis_mlx.Model, tmp_path: Path
) -> None:
    """Ten tokens here, ten there, ten here again, against thirty in one backend."""
    path, prompt = tmp_path / "cache", random_ids(20, 3)
    expected = genesis_mlx.generate(mlx_model, prompt, settings=GREEDY, max_tokens=30)
    text = list(prompt)
    cache: Any = model.make_cache(ttt=False)
    for here in (True, False, True):
        owner: Any = model if here else mlx_model
        run: Any = generate if here else genesis_mlx.generate
        unread = text[cache.offset :]
        tokens = run(owner, unread, cache=cache, settings=GREEDY, max_tokens=10)
        text += [token.id for token in tokens]
        cache.save(path)
        following: Any = mlx_model if here else model
        cache = following.load_cache(path)
    assert text[20:] == [token.id for token in expected]


def test_copies_are_independent(model: Model) -> None:
    """Both go on, in turns, into the same spare room of the same buffers."""
    cache = model.make_cache()
    read(model, cache, IDS[:40])
    copy = cache.copy()
    other = [*reversed(IDS[40:80])]
    for n in range(40):
        model.step(IDS[40 + n], cache)
        model.step(other[n], copy)
    expected = whole(model, [*IDS[:80], 5], ttt=True)[-1]
    assert max_difference(model.step(5, cache), expected) <= SPLIT
    expected = whole(model, [*IDS[:40], *other, 5], ttt=True)[-1]
    assert max_difference(model.step(5, copy), expected) <= SPLIT


def test_an_older_copy_does_not_write_into_a_newer_one(model: Model) -> None:
    old = model.make_cache()
    read(model, old, IDS[:40])
    new = old.copy()
    read(model, new, IDS[40:80])
    read(model, old, [*reversed(IDS[40:80])])
    expected = whole(model, [*IDS[:80], 5], ttt=True)[-1]
    assert max_difference(model.step(5, new), expected) <= SPLIT


@pytest.mark.parametrize("point", POINTS)
def test_an_interrupt_leaves_the_cache_as_it_was(
    point: str, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever in a prompt it comes; nothing of the prompt has been read."""
    from backends.genesis_cpu import prefill

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
    expected = whole(model, IDS, ttt=True)[40:]
    assert max_difference(read(model, cache, IDS[40:]), expected) <= SPLIT


def test_bytes_grow_with_attention_only(model: Model) -> None:
    cache, args = model.make_cache(), model.args
    assert cache.nbytes == 0
    read(model, cache, IDS[:5])
    small = cache.nbytes
    read(model, cache, random_ids(600, 1))
    row = (args.n_head + args.n_kv_head) * args.head_dim * 4 + args.n_head * 4
    rows = (cache.nbytes - small) / (args.layer_kinds.count("fox") * row)
    assert 300 <= rows <= 1000


def test_what_does_not_fit_is_refused(model: Model, tmp_path: Path) -> None:
    config = small_config(n_layer=5)
    (tmp_path / "other").mkdir()
    build(config, checkpoint_tensors(config), tmp_path / "other")
    cache = model.make_cache()
    read(model, cache, IDS[:10])
    path = tmp_path / "cache"
    cache.save(path)
    with pytest.raises(CacheError, match="another shape"):
        load_cpu(tmp_path / "other" / "model").load_cache(path)
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(CacheError, match="cache"):
        model.load_cache(path)


def test_two_texts_side_by_side_are_refused(
    model: Model, mlx_model: genesis_mlx.Model, tmp_path: Path
) -> None:
    cache = mlx_model.make_cache()
    mlx_model(mx.array([IDS[:5], IDS[5:10]]), cache)
    cache.save(tmp_path / "cache")
    with pytest.raises(CacheError, match="2 texts"):
        model.load_cache(tmp_path / "cache")
