"""Products of a model's matrices with many vectors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..stored_tensors import Float32
from .ops.products_by_group import multiply_many
from .products import COLUMNS, FACTOR, ROWS, START, Products

FEW_VECTORS = 100


def project(
    matrices: NDArray[Any], products: Products, number: int, x: Float32
) -> Float32:
    """x W^T [L, rows] for vectors [L, columns] and one of the products of a token.

    In codes by our own kernel, in float32 by BLAS.
    """
    job = products.jobs[number]
    start, rows, columns = int(job[START]), int(job[ROWS]), int(job[COLUMNS])
    if products.factors is not None:
        y = np.empty((len(x), rows), np.float32)
        factor = int(job[FACTOR])
        multiply_many(matrices, start, products.factors, factor, x, y)
        return y
    w = matrices[start : start + rows * columns].reshape(rows, columns)
    if len(x) < FEW_VECTORS:
        # OpenBLAS is up to twice as fast so, which pays for the copy.
        return np.ascontiguousarray((w @ x.T).T)
    product: Float32 = x @ w.T
    return product
