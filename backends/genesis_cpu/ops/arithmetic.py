"""Functions of one number."""

import math

import numpy as np

from ..compiling import exact_kernel, kernel

LOG2_E = np.float32(1.4426950408889634)
# ln 2 in two parts, so that multiples of the first are exact.
LN2_HIGH = np.float32(0.693359375)
LN2_LOW = np.float32(-2.12194440e-4)
# Adding it leaves the nearest integer in the low bits of the sum.
TO_INTEGER = np.float32(12582912.0)
INTEGER_BITS = 0x4B400000
LOWEST, HIGHEST = np.float32(-87.3), np.float32(88.3)
ONE = np.float32(1)


@exact_kernel
def exp(x):
    """e to the x in float32, to two units in the last place; no branch, no call.

    Below -87.3 the result is that of -87.3, about 1e-38. NaN stays NaN.
    """
    x = LOWEST if x < LOWEST else x
    x = HIGHEST if x > HIGHEST else x
    shifted = x * LOG2_E + TO_INTEGER
    n = np.float32(shifted).view(np.int32) - INTEGER_BITS
    whole = shifted - TO_INTEGER
    r = x - whole * LN2_HIGH
    r = r - whole * LN2_LOW
    y = np.float32(1.9875691500e-4)
    y = y * r + np.float32(1.3981999507e-3)
    y = y * r + np.float32(8.3334519073e-3)
    y = y * r + np.float32(4.1665795894e-2)
    y = y * r + np.float32(1.6666665459e-1)
    y = y * r + np.float32(5.0000001201e-1)
    y = y * r * r + r + ONE
    return y * np.int32((n + 127) << 23).view(np.float32)


@kernel
def sigmoid(x):
    """1 / (1 + e^-x)."""
    return ONE / (ONE + exp(-x))


@kernel
def silu(x):
    """x sigmoid(x)."""
    return x / (ONE + exp(-x))


@exact_kernel
def softplus(x):
    """log(1 + e^x), exact for large numbers of either sign."""
    return np.float32(max(x, 0.0) + math.log1p(math.exp(-abs(x))))
