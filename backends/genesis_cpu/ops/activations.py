"""Activations of whole arrays, in place."""

from ..compiling import kernel
from .arithmetic import sigmoid, silu


@kernel
def sigmoids(x):
    """1 / (1 + e^-x) in place [L, H]."""
    for t in range(x.shape[0]):
        for h in range(x.shape[1]):
            x[t, h] = sigmoid(x[t, h])


@kernel
def silu_rows(x):
    """x sigmoid(x) in place, for x [L, n]."""
    length, width = x.shape
    for t in range(length):
        for i in range(width):
            x[t, i] = silu(x[t, i])
