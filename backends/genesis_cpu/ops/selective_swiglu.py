"""The feed-forward network's activation, with its selection, in one piece."""

import numpy as np

from ..compiling import kernel
from .arithmetic import ONE, exp


@kernel
def selective_swiglu(p, keep, hidden):
    """hidden [L, F] = silu(gate) * up for p = [gate, up], [L, 2 F].

    Only the `keep` entries of largest magnitude of a row stay; the others are 0.
    """
    length, width = hidden.shape
    for t in range(length):
        row = hidden[t]
        gate, up = p[t, :width], p[t, width : 2 * width]
        for i in range(width):
            g = gate[i]
            row[i] = g / (ONE + exp(-g)) * up[i]
        if keep < width:
            _keep_largest(row, width - keep)


@kernel
def _keep_largest(row, drop):
    """Zero the `drop` entries of smallest magnitude; among equals the first ones.

    Bits of a float without its sign order as the float does. The magnitude that
    divides is found bit by bit: counting what is below a number takes few cycles.
    """
    width = row.shape[0]
    signed, magnitudes = row.view(np.int32), np.empty(width, np.int32)
    for i in range(width):
        magnitudes[i] = signed[i] & 0x7FFFFFFF
    border, fewer = np.int32(0), 0
    for bit in range(30, -1, -1):
        candidate = np.int32(border | (1 << bit))
        below = np.int32(0)
        for i in range(width):
            below += np.int32(magnitudes[i] < candidate)
        if below < drop:
            border, fewer = candidate, below
    for i in range(width):
        row[i] = np.float32(0) if magnitudes[i] < border else row[i]
    equal = drop - fewer
    for i in range(width):
        if magnitudes[i] == border:
            row[i] = 0
            equal -= 1
            if equal == 0:
                break
