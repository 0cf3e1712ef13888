"""The blocks and the tail of a forgetting attention layer's cache."""

import mlx.core as mx
import pytest
from draws import Draw
from tolerances import OPERATOR, max_difference

from backends.genesis_mlx.cache import BLOCK, FoXCache
from backends.genesis_mlx.ops.fox_decode import FoXPast, attend_fox_decode

B, H, HK, DH = 2, 4, 2, 3
NAMES = ("keys", "values", "decay")
LENGTHS = [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK]


def arrays_of(length: int) -> dict[str, mx.array]:
    """What a file holds of so many tokens."""
    draw = Draw(length)
    sums = mx.cumsum(mx.array(draw.gates(B, H, length)) / 50, axis=-1, reverse=True)
    return {
        "conv": mx.array(draw(B, 3, (HK + H) * DH)),
        "keys": mx.array(draw(B, HK, length, DH)),
        "values": mx.array(draw(B, H, length, DH)),
        "decay": sums,
    }


def opened(length: int) -> FoXCache:
    cache = FoXCache()
    cache.restore(arrays_of(length))
    return cache


def add(cache: FoXCache, seed: int) -> mx.array:
    """One token more by MLX operations; its log forget gate [B, H]."""
    draw = Draw(seed)
    q, k, v = (mx.array(draw(B, 1, n, DH)) for n in (H, HK, H))
    gate = mx.array(draw.gates(B, 1, H)) / 50
    if cache.tail_keys is None:
        cache.open((B, HK, DH), H, mx.float32)
    nothing = mx.zeros((1, 1, 8, 1)), mx.zeros((1, 1, 8))
    past = FoXPast(
        nothing[0] if cache.keys is None else cache.keys,
        nothing[0] if cache.values is None else cache.values,
        nothing[1] if cache.decay is None else cache.decay,
        cache.since,  # type: ignore[arg-type]
        cache.tail_keys,  # type: ignore[arg-type]
        cache.tail_values,  # type: ignore[arg-type]
        cache.tail_decay,  # type: ignore[arg-type]
        mx.array([cache.filled], mx.int32),
        cache.settled,
    )
    _, *rest = attend_fox_decode(q, k, v, gate, past)
    cache.follow(*rest)
    cache.advance(cache.settled + cache.filled + 1)
    return gate[:, 0]


@pytest.mark.parametrize("length", LENGTHS)
def test_what_was_read_comes_out_again(length: int) -> None:
    arrays, cache = arrays_of(length), opened(length)
    assert cache.arrays().keys() == arrays.keys()
    for name, array in cache.arrays().items():
        assert max_difference(array, arrays[name]) == 0
    assert (cache.settled, cache.filled) == (length // BLOCK * BLOCK, length % BLOCK)


@pytest.mark.parametrize("length", LENGTHS)
def test_tokens_follow_and_blocks_stay_what_they_are(length: int) -> None:
    cache, arrays = opened(length), arrays_of(length)
    sums, blocks = arrays["decay"], [cache.keys, cache.values, cache.decay]
    for seed in range(BLOCK - length % BLOCK - 1):
        gate = add(cache, seed)
        sums = mx.concatenate([sums + gate[..., None], mx.zeros((B, H, 1))], axis=2)
        # The very same arrays: nothing is copied.
        held = [cache.keys, cache.values, cache.decay]
        assert all(new is old for new, old in zip(held, blocks, strict=True))
    settled = cache.settled
    gate = add(cache, 100)
    sums = mx.concatenate([sums + gate[..., None], mx.zeros((B, H, 1))], axis=2)
    assert (cache.settled, cache.filled) == (settled + BLOCK, 0)
    found = cache.arrays()
    assert max_difference(found["decay"], sums) <= OPERATOR
    for name in ("keys", "values"):
        assert max_difference(found[name][:, :, :length], arrays[name]) == 0
        assert found[name].shape[2] == settled + BLOCK


def test_copies_go_on_by_themselves() -> None:
    cache = opened(BLOCK - 1)
    before, other = cache.arrays(), cache.copy()
    add(cache, 1)
    assert (cache.settled, other.settled, other.filled) == (BLOCK, 0, BLOCK - 1)
    for name, array in other.arrays().items():
        assert max_difference(array, before[name]) == 0
    add(other, 2)
    differs = max_difference(cache.arrays()["keys"], other.arrays()["keys"])
    assert 0 < differs < float("inf")


@pytest.mark.parametrize("cache", [FoXCache(), opened(BLOCK + 1)], ids=["new", "used"])
def test_it_begins_empty(cache: FoXCache) -> None:
    cache.restore({})
    assert cache.arrays() == {} and cache.whole() is None and cache.nbytes == 0
    add(cache, 1)
    assert cache.arrays()["keys"].shape == (B, HK, 1, DH)
    assert not mx.any(cache.arrays()["decay"])
