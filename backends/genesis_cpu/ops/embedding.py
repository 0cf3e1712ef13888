"""The embeddings of tokens."""

import numpy as np

from ..compiling import kernel
from ..groups import BLOCK, GROUP, ORDER, QUAD
from .products_by_group import bits_of


@kernel
def embed(matrices, factors, dims, tokens, x):
    """Fill x [L, D] with the rows of tokens [L].

    Args:
        matrices: large weights.
        factors: scales and biases of codes; None for float32.
        dims: tells where the embedding is.
        tokens: ids.
        x: filled.
    """
    for t in range(tokens.shape[0]):
        _row(matrices, factors, dims, tokens[t], x[t])


@kernel
def _row(matrices, factors, dims, token, x):
    if factors is None:
        start = dims.embedding + token * dims.D
        for i in range(dims.D):
            x[i] = matrices[start + i]
    else:
        groups = (dims.D + GROUP - 1) // GROUP
        block, row, bits = token // BLOCK, token % BLOCK, bits_of(matrices)
        start = dims.embedding + block * groups * GROUP * BLOCK * bits // 8
        first = dims.embedding_factor + block * groups * BLOCK + row
        for i in range(dims.D):
            quad, byte = i // QUAD, np.int64(ORDER[i % QUAD])
            if bits == 8:
                code = np.int32(matrices[start + (quad * BLOCK + row) * QUAD + byte])
            else:
                both = matrices[start + (quad // 2 * BLOCK + row) * QUAD + byte]
                code = np.int32(both) >> np.int32(4 * (quad % 2)) & 15
            at = first + i // GROUP * BLOCK
            scale, bias = _float(factors[0, at]), _float(factors[1, at])
            x[i] = np.float32(code) * scale + bias


@kernel
def _float(half):
    """A bfloat16 number, given as int16."""
    return np.int32(np.int32(half) << 16).view(np.float32)
