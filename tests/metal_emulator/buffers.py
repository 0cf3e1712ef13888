"""Arrays as guarded memory, and memory as arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import numpy as np

from .errors import (
    UnsupportedError,
)
from .options import Scalar

_POISON = 0xFF  # NaN in every float type

_NUMPY_TYPES: dict[mx.Dtype, Any] = {
    mx.bool_: np.bool_,
    mx.int8: np.int8,
    mx.uint8: np.uint8,
    mx.int16: np.int16,
    mx.uint16: np.uint16,
    mx.int32: np.int32,
    mx.uint32: np.uint32,
    mx.int64: np.int64,
    mx.uint64: np.uint64,
    mx.float16: np.float16,
    mx.bfloat16: np.uint16,  # numpy has no bfloat16: its bits
    mx.float32: np.float32,
}


def numpy_view(array: mx.array) -> np.ndarray:
    """The array's memory, with its strides; bfloat16 as uint16."""
    try:
        mx.eval(array)
    except (RuntimeError, ValueError) as error:
        raise UnsupportedError(
            "the emulator needs the values of its inputs, but this call is traced "
            "(mx.compile, mx.vmap, mx.grad); see mx.disable_compile()"
        ) from error
    if array.dtype not in _NUMPY_TYPES:
        raise UnsupportedError(f"inputs of type {array.dtype} are not supported")
    if array.dtype == mx.bfloat16:
        array = array.view(mx.uint16) if array.ndim else array[None].view(mx.uint16)
    return np.asarray(array)


def bytes_of(array: mx.array | np.ndarray) -> np.ndarray:
    """Row-contiguous contents, shape [bytes], uint8."""
    values = numpy_view(array) if isinstance(array, mx.array) else array
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8)


def strided_memory(array: mx.array) -> tuple[np.ndarray, list[int]]:
    """Memory from the first element on (uint8), and strides in elements."""
    view = numpy_view(array).reshape(array.shape)
    if any(stride < 0 for stride in view.strides):
        raise UnsupportedError("inputs with negative strides are not supported")
    strides = [stride // view.itemsize for stride in view.strides]
    if view.size == 0:
        return np.zeros(0, np.uint8), strides
    last = sum((n - 1) * s for n, s in zip(view.shape, strides, strict=True))
    flat = np.lib.stride_tricks.as_strided(view, (last + 1,), (view.itemsize,))
    return bytes_of(flat), strides


def array_from(data: np.ndarray, shape: Sequence[int], dtype: mx.Dtype) -> mx.array:
    array = mx.array(data.view(_NUMPY_TYPES[dtype]).reshape(tuple(shape)))
    if dtype != mx.bfloat16:
        return array
    if array.ndim == 0:
        return array[None].view(mx.bfloat16)[0]
    return array.view(mx.bfloat16)


@dataclass
class Buffer:
    """A kernel argument; `data` is uint8 and becomes the result for outputs."""

    name: str
    data: np.ndarray
    element_bytes: int
    is_output: bool = False
    initialised: bool = True
    counted: bool = True


def output_buffer(
    name: str, shape: Sequence[int], dtype: mx.Dtype, init_value: Scalar | None
) -> Buffer:
    if dtype not in _NUMPY_TYPES:
        raise UnsupportedError(f"outputs of type {dtype} are not supported")
    if init_value is None:
        data = np.full(math.prod(shape) * dtype.size, _POISON, np.uint8)
    else:
        data = bytes_of(mx.full(tuple(shape), init_value, dtype=dtype)).copy()
    return Buffer(name, data, dtype.size, True, init_value is not None)
