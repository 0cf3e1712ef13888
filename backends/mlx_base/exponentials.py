"""The exponential and what is made of it, as fast on a CPU as other operations.

MLX's CPU calls the scalar exponential for every number, which costs a hundred times
as much as a product; a polynomial of products is four times as fast. Metal has its own,
and small arrays keep it, as do other dtypes than float32.
"""

import math
from collections.abc import Callable
from typing import cast

import mlx.core as mx

from .device import on_metal

# 2^f for f in [-1/2, 1/2], constant first: least squares of the relative error at
# Chebyshev's nodes, 2e-9 at most.
POWERS = (
    1.0000000005921685,
    0.6931472056058892,
    0.24022646608042303,
    0.05550328985748173,
    0.009618519562716393,
    0.001339986514232203,
    0.00015337580957274738,
)
# Above it float32 has no fractions, and the last bits are the integer plus its bias.
SHIFT = 1.5 * 2**23 + 127
# Powers of 2 that are taken as 0 and as infinite.
LOWEST, HIGHEST = -127, 128
# Fewer numbers take less time than so many operations take to begin.
SMALLEST = 1 << 15


def exp(x: mx.array) -> mx.array:
    """e^x, in the shape and dtype of x, to 1e-6 for sums of ordinary size.

    On a CPU large arrays give 0 below -87.68, and infinity above 88.37.
    """
    return _fast_exp(x) if pays(x) else mx.exp(x)


def sigmoid(x: mx.array) -> mx.array:
    """1 / (1 + e^-x), in the shape and dtype of x."""
    return _fast_sigmoid(x) if pays(x) else mx.sigmoid(x)


def softmax(x: mx.array) -> mx.array:
    """Softmax over the last axis, in the shape and dtype of x."""
    return _fast_softmax(x) if pays(x) else mx.softmax(x, axis=-1)


def pays(x: mx.array) -> bool:
    """Whether the polynomial takes less time than MLX's own exponential."""
    return x.dtype == mx.float32 and x.size >= SMALLEST and not on_metal()


def power(x: mx.array, base: float = math.e) -> mx.array:
    """base^x of float32: its base-2 exponent's integer and, by a polynomial, rest.

    Its gradient is not defined; `exp` has one.
    """
    y = mx.clip(x * math.log2(base), LOWEST, HIGHEST)
    shifted = y + SHIFT
    rest = y - (shifted - SHIFT)
    power = POWERS[-1] * rest + POWERS[-2]
    for coefficient in POWERS[-3::-1]:
        power = power * rest + coefficient
    # The integer, as the exponent of a number whose fraction is 1.
    return power * mx.left_shift(shifted.view(mx.int32), 23).view(mx.float32)


Unary = Callable[[mx.array], mx.array]


def _differentiable(function: Unary, gradient: Callable[..., mx.array]) -> Unary:
    """A function whose gradient is `gradient(x, cotangent, output)`.

    Its own operations, bits among them, would give another.
    """
    custom = mx.custom_function(function)
    custom.vjp(gradient)
    return cast(Unary, custom)


def _sigmoid(x: mx.array) -> mx.array:
    return 1 / (1 + power(x, 1 / math.e))


def _softmax(x: mx.array) -> mx.array:
    powers = power(x - x.max(-1, keepdims=True))
    return powers * (1 / powers.sum(-1, keepdims=True))


def _softmax_gradient(x: mx.array, cotangent: mx.array, output: mx.array) -> mx.array:
    product = cotangent * output
    return product - output * product.sum(-1, keepdims=True)


_fast_exp = _differentiable(power, lambda x, cotangent, y: cotangent * y)
_fast_sigmoid = _differentiable(
    _sigmoid, lambda x, cotangent, y: cotangent * (y * (1 - y))
)
_fast_softmax = _differentiable(_softmax, _softmax_gradient)
