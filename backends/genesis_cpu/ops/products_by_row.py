"""Products of a float32 matrix with a vector."""

import numpy as np

from ..compiling import kernel


@kernel
def product(matrix, start, rows, columns, x, y):
    """y = W x for a matrix [rows, columns] that begins at `start` of a flat array.

    Args:
        matrix: all weights in a row.
        start: index of the matrix's first entry.
        rows: length of y.
        columns: length of x.
        x: vector [columns].
        y: filled [rows].
    """
    for r in range(rows):
        w = matrix[start + r * columns : start + (r + 1) * columns]
        total = np.float32(0)
        for c in range(columns):
            total += w[c] * x[c]
        y[r] = total
