"""Products of a matrix with a vector: float32, or int8 with a scale per row."""

import numpy as np

from ..compiling import kernel


@kernel
def product(matrix, start, rows, columns, scales, x, y):
    """y = W x for a matrix [rows, columns] that begins at `start` of a flat array.

    Args:
        matrix: all weights in a row, float32 or int8.
        start: index of the matrix's first entry.
        rows: length of y.
        columns: length of x.
        scales: a factor per row [rows]; empty for none.
        x: vector [columns].
        y: filled [rows].
    """
    for r in range(rows):
        w = matrix[start + r * columns : start + (r + 1) * columns]
        total = np.float32(0)
        for c in range(columns):
            total += np.float32(w[c]) * x[c]
        y[r] = total
    for r in range(scales.shape[0]):
        y[r] *= scales[r]


@kernel
def dequantize(matrix, start, scales, out):
    """Fill out [rows, columns] with the int8 matrix at `start`, each row scaled."""
    rows, columns = out.shape
    for r in range(rows):
        w = matrix[start + r * columns : start + (r + 1) * columns]
        scale, row = scales[r], out[r]
        for c in range(columns):
            row[c] = np.float32(w[c]) * scale
