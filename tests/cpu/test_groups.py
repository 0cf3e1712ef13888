"""Weights in codes, and products with them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from tolerances import OPERATOR

from backends.genesis_cpu.compiling import exact_kernel
from backends.genesis_cpu.groups import (
    BLOCK,
    GROUP,
    LEVELS,
    ORDER,
    QUAD,
    Bits,
    block_size,
    blocks_of,
    groups_of,
    halved,
    put_rows,
    quantized,
    rounded,
    widened,
)
from backends.genesis_cpu.matrix_layout import code_type, empty_factors, read_only
from backends.genesis_cpu.ops.embedding import embed
from backends.genesis_cpu.ops.products_by_group import (
    multiply_many,
    multiply_rows,
    quantize_vector,
)

Floats = NDArray[np.float32]
SHAPES = [(1, 1), (5, 33), (16, 32), (17, 31), (40, 100), (100, 576)]
# A step of a vector's codes, of its largest number.
STEP = 1 / LEVELS


class Matrix:
    """A matrix in codes, and the very numbers they stand for."""

    def __init__(self, rows: int, columns: int, bits: Bits, seed: int = 0) -> None:
        values = np.random.default_rng(seed).standard_normal(
            (rows, columns), np.float32
        )
        codes, (scales, biases) = made = quantized(values, bits)
        self.values = codes * spread(scales, columns) + spread(biases, columns)
        size = blocks_of(rows) * block_size(columns, bits)
        packed = np.zeros(size, code_type(bits))
        factors = empty_factors(blocks_of(rows) * groups_of(columns) * BLOCK)
        for first in range(0, rows, 7):
            part = slice(first, first + 7)
            put_rows(packed, factors, first, (codes[part], made[1][:, part]), bits)
        self.codes, self.factors = read_only(packed), read_only(factors)


def spread(factors: Floats, columns: int) -> Floats:
    """A factor for each weight."""
    return np.repeat(factors, GROUP, axis=1)[:, :columns]


@exact_kernel
def multiply_one(codes: Any, factors: Any, begin: Any, x: Any, y: Any) -> None:
    groups = (x.shape[0] + GROUP - 1) // GROUP
    vector, sums = np.empty(groups * GROUP, np.int16), np.empty(groups + 1, np.float32)
    quantize_vector(x, vector, sums)
    multiply_rows(codes, 0, factors, 0, begin, y.shape[0], vector, sums, y)


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize(("rows", "columns"), SHAPES)
def test_products(rows: int, columns: int, bits: Bits) -> None:
    """Of as many vectors as there may be, and the same bit for bit of each alone."""
    matrix = Matrix(rows, columns, bits)
    for length in (1, 2, 3, 8, 9, 17):
        x = np.random.default_rng(length).standard_normal((length, columns), np.float32)
        found, alone = np.empty((2, length, rows), np.float32)
        multiply_many(matrix.codes, 0, matrix.factors, 0, x, found)
        for vector, result in zip(x, alone, strict=True):
            multiply_one(matrix.codes, matrix.factors, 0, vector, result)
        assert np.array_equal(found, alone)
        size = np.abs(x).max(1)[:, None] * np.abs(matrix.values).sum(1)
        error = np.abs(found - x @ np.float64(matrix.values).T)
        assert (error <= (STEP / 2 + OPERATOR) * size + OPERATOR).all()


def test_rows_from_the_middle_on() -> None:
    matrix = Matrix(50, 70, 8)
    x = np.random.default_rng(1).standard_normal(70, np.float32)
    whole, part = np.empty(50, np.float32), np.full(50, -1, np.float32)
    multiply_one(matrix.codes, matrix.factors, 0, x, whole)
    multiply_one(matrix.codes, matrix.factors, 2 * BLOCK, x, part)
    assert (part[: 2 * BLOCK] == -1).all()
    assert np.array_equal(part[2 * BLOCK :], whole[2 * BLOCK :])


@pytest.mark.parametrize("columns", [1, 31, 32, 100])
def test_a_vectors_codes(columns: int) -> None:
    x = np.random.default_rng(columns).standard_normal(columns, np.float32)
    groups = groups_of(columns)
    codes, sums = np.full(groups * GROUP, 9, np.int16), np.empty(groups + 1, np.float32)
    quantize_vector(x, codes, sums)
    assert np.abs(codes).max() == LEVELS and not codes[columns:].any()
    assert (np.abs(codes[:columns] * sums[-1] - x) <= 0.51 * sums[-1]).all()
    assert np.array_equal(sums[:-1], codes.reshape(-1, GROUP).sum(1))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_vector_that_is_not_finite_shows(wrong: float) -> None:
    matrix, x = Matrix(20, 40, 8), np.ones(40, np.float32)
    x[33] = wrong
    y = np.zeros(20, np.float32)
    multiply_one(matrix.codes, matrix.factors, 0, x, y)
    assert not np.isfinite(y).any()


@pytest.mark.parametrize("size", [0, 1e-40, 1e-30, 1e30])
def test_vectors_of_any_size(size: float) -> None:
    matrix = Matrix(20, 40, 8)
    x = np.full(40, size, np.float32)
    y = np.full(20, np.nan, np.float32)
    multiply_one(matrix.codes, matrix.factors, 0, x, y)
    exact = matrix.values.sum(1, dtype=np.float64) * size
    # What is hardly a number becomes 0.
    least = 1e-34 if size < 1e-35 else 0
    allowed = 1e-3 * size * np.abs(matrix.values).sum(1) + least
    assert (np.abs(y - exact) <= allowed).all()


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("columns", [1, 31, 32, 33, 100])
def test_a_code_is_within_half_a_step(columns: int, bits: Bits) -> None:
    values = np.random.default_rng(columns).standard_normal((6, columns), np.float32)
    values[2], values[3], values[4] = 3, 0, -np.abs(values[4])
    values[5] += 1000
    codes, factors = quantized(values, bits)
    assert np.array_equal(rounded(factors), factors)
    scales, biases = (spread(each, columns) for each in factors)
    # The end of a range may lie past its last code by what rounding took of the scale.
    steps = np.abs(scales) * (0.5 + 2**-9 * 127) + np.abs(biases) * 2**-8
    found = codes * scales + biases
    assert (np.abs(found - values) <= steps + 1e-6).all()
    assert (found[3] == 0).all()


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_weights_that_are_not_finite_show(wrong: float) -> None:
    values = np.ones((3, 70), np.float32)
    values[1, 40] = wrong
    for bits in (8, 4):
        factors = quantized(values, bits)[1]
        assert np.isfinite(factors[:, [0, 2]]).all()
        assert not np.isfinite(factors[:, 1, 1]).all()


def test_bfloat16() -> None:
    """The nearest, ties to even, of every kind of number."""
    numbers = [0, -0.0, 1, 1 + 2**-8, 1 + 3 * 2**-8, -1e-40, 3e38, np.inf, np.nan]
    expected = [0, -0.0, 1, 1, 1 + 2**-6, -1e-40, 3e38, np.inf, np.nan]
    found = widened(halved(np.array(numbers, np.float32)))
    assert np.allclose(
        found, np.array(expected, np.float32), rtol=2**-8, equal_nan=True
    )
    assert found[3] == 1 and found[4] == np.float32(1 + 2**-6)


class Places(NamedTuple):
    """Where an embedding is, as compiled code is told."""

    D: int
    embedding: int
    embedding_factor: int


@pytest.mark.parametrize("bits", [8, 4])
def test_embeddings(bits: Bits) -> None:
    matrix = Matrix(37, 45, bits)
    x = np.empty((4, 45), np.float32)
    tokens = np.array([0, 36, 17, 16])
    embed(matrix.codes, matrix.factors, Places(45, 0, 0), tokens, x)
    assert np.allclose(x, matrix.values[tokens], atol=1e-6)


def quads(columns: int) -> Iterator[list[int]]:
    for first in range(0, columns, QUAD):
        yield [first + place for place in ORDER]


def test_where_codes_lie() -> None:
    """As the module tells: blocks of rows, quads of columns."""
    codes = np.arange(20 * 32).reshape(20, 32).astype(np.int8)
    packed = np.zeros(2 * block_size(32, 8), np.int8)
    factors = empty_factors(2 * BLOCK)
    put_rows(packed, factors, 0, (codes, np.ones((2, 20, 1), np.float32)), 8)
    expected = [
        codes[row, column] if row < 20 else 0
        for block in range(2)
        for quad in quads(32)
        for row in range(block * BLOCK, (block + 1) * BLOCK)
        for column in quad
    ]
    assert packed.tolist() == expected
