"""A query's products with keys and sums of values, in float32 and float16."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tolerances import OPERATOR

from backends.genesis_cpu.cache import kept, to_keep
from backends.genesis_cpu.compiling import kernel
from backends.genesis_cpu.ops.key_rows import add_rows, dots, keep

RANDOM = np.random.default_rng(3)
KINDS = [np.float32, np.int16]
WIDTHS = [1, 15, 16, 40, 64]
SPANS = [(0, 1), (0, 5), (3, 8), (2, 33)]


@kernel
def dot_all(keys: Any, first: Any, query: Any, scores: Any) -> None:
    dots(keys, first, scores.shape[0], query, scores)


@kernel
def add_all(values: Any, first: Any, weights: Any, out: Any) -> None:
    add_rows(values, first, weights.shape[0], weights, out)


@kernel
def keep_all(row: Any, numbers: Any) -> None:
    for index in range(numbers.shape[0]):
        keep(row, index, numbers[index])


def rows(width: int, kind: type) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """As they are kept, and what they stand for."""
    room: NDArray[Any] = np.zeros((40, width), kind)
    room[:] = to_keep(RANDOM.standard_normal((40, width), np.float32), room)
    return room, kept(room).astype(np.float64)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", WIDTHS)
def test_products_with_keys(width: int, kind: type) -> None:
    room, exact = rows(width, kind)
    query = RANDOM.standard_normal(width, np.float32)
    for first, count in SPANS:
        scores = np.empty(count, np.float32)
        dot_all(room, first, query, scores)
        expected = exact[first : first + count] @ query
        size = np.abs(exact[first : first + count]) @ np.abs(query)
        assert (np.abs(scores - expected) <= OPERATOR * size).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", WIDTHS)
def test_sums_of_values(width: int, kind: type) -> None:
    room, exact = rows(width, kind)
    for first, count in SPANS:
        weights = RANDOM.random(count, np.float32)
        out = before = RANDOM.standard_normal(width, np.float32)
        out = before.copy()
        add_all(room, first, weights, out)
        expected = before + weights @ exact[first : first + count]
        assert (np.abs(out - expected) <= OPERATOR * (count + 3)).all()


def test_float16_is_numpys() -> None:
    """Every number of it, what lies half way between, and what is beyond."""
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = np.sort(every[np.isfinite(every)].astype(np.float32))
    middles = (finite[1:] + finite[:-1]) / 2
    others = np.array([1e-9, -1e-9, 1e30, -1e30, np.inf, -np.inf, np.nan])
    numbers = np.concatenate([finite, middles, np.nextafter(middles, 9), others])
    numbers = numbers.astype(np.float32)
    room = np.empty(len(numbers), np.int16)
    keep_all(room, numbers)
    expected = to_keep(numbers, room)
    assert np.array_equal(kept(room), kept(expected), equal_nan=True)
    with np.errstate(over="ignore"):
        numpys = numbers.astype(np.float16).astype(np.float32)
    usual = np.abs(numbers) < 65_000
    assert np.array_equal(kept(room)[usual], numpys[usual])
    assert kept(room)[-5:].tolist()[:4] == [65504, -65504, np.inf, -np.inf]


def test_numbers_that_are_none_show() -> None:
    room, _ = rows(16, np.int16)
    out = np.zeros(16, np.float32)
    keep_all(room[3], np.full(16, np.nan, np.float32))
    add_all(room, 0, np.ones(5, np.float32), out)
    assert not np.isfinite(out).any()
