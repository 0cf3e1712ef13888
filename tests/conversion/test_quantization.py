"""Quantised weights are those that MLX itself would make."""

import ml_dtypes
import mlx.core as mx
import numpy as np
import pytest

from converters.quantization import quantize

FLOATS = {"float32": np.float32, "float16": np.float16, "bfloat16": ml_dtypes.bfloat16}


def awkward(rng: np.random.Generator) -> np.ndarray:
    """Groups [48, 32] in which a scale, an end or a rounding is at its limit."""
    values = rng.standard_normal((48, 32), np.float32)
    values[0] = 0
    values[1] = 0.1
    values[2] = -7
    values[3] = np.abs(values[3])
    values[4] = -np.abs(values[4])
    values[5, 1:] = 0
    values[6] *= 1e-8
    values[7] *= 1e-30
    values[8] *= 1e4
    # Halves between two steps, and both ends equally far from zero.
    values[9] = np.arange(32) - 16
    values[10] = (np.arange(32) - 15.5) / 2
    values[11] = np.where(np.arange(32) % 2, 3, -3)
    values[12] = 1 + np.arange(32) * 1e-6
    return values


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("name", FLOATS)
def test_every_bit_is_mlxs(name: str, bits: int) -> None:
    rng = np.random.default_rng(bits)
    many = rng.standard_normal((3000, 32), np.float32) * 10 ** rng.uniform(
        -3, 3, (3000, 1)
    )
    values = np.concatenate([awkward(rng), many]).astype(FLOATS[name])
    values = values.reshape(-1, 64)
    with mx.stream(mx.cpu):
        array = mx.array(values.astype(np.float32)).astype(getattr(mx, name))
        expected = mx.quantize(array, group_size=32, bits=bits)
        as_floats = [np.array(e.astype(mx.float32)) for e in expected[1:]]
    codes, *floats = quantize(values, bits)
    assert codes.dtype == np.uint32 and np.array_equal(codes, np.array(expected[0]))
    for found, theirs in zip(floats, as_floats, strict=True):
        assert found.dtype == values.dtype
        assert np.array_equal(found.astype(np.float32), theirs)
