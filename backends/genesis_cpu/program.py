"""A model's weights with the tables that compiled code reads them by."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..genesis.args import ModelArgs
from ..genesis.constants import DIAGONAL_BOUND
from .layout import Dimensions, state_layout
from .ops.products_by_row import dequantize
from .products import COLUMNS, ROWS, Products
from .tables import block_table, dimensions, metacognition_table
from .tensors import Float32
from .weights import Weights


@dataclass(frozen=True)
class Program:
    """What every call of a kernel needs of a model; nothing of it changes.

    `matrices` is float32 or int8, `small` float32, both flat; `diagonal` tells
    whether the initial weights of test-time training are, up to rounding.
    """

    matrices: NDArray[Any]
    small: Float32
    table: NDArray[np.int64]
    metacognition: NDArray[np.int64]
    products: Products
    dims: Dimensions
    diagonal: bool

    @classmethod
    def of(cls, args: ModelArgs, weights: Weights, delta_rule: bool) -> Self:
        """The program of a model."""
        state = state_layout(args)
        return cls(
            matrices=weights.matrices,
            small=weights.small,
            table=block_table(args, weights.layout, state),
            metacognition=metacognition_table(args, weights.layout),
            products=Products.of(args, weights.layout, weights.matrices.itemsize),
            dims=dimensions(args, weights.layout, state, delta_rule),
            diagonal=args.use_ttt and _is_diagonal(args, weights),
        )

    def room_for_matrix(self, size: int | None = None) -> Float32:
        """Room for `matrix` to make one in, of `size` or of the largest of a block."""
        if self.matrices.dtype == np.float32:
            return np.empty(0, np.float32)
        jobs = self.products.jobs[:-1]
        most = int((jobs[:, ROWS] * jobs[:, COLUMNS]).max(initial=0))
        return np.empty(most if size is None else size, np.float32)

    def matrix(
        self, start: int, rows: int, columns: int, scale: int, room: Float32
    ) -> Float32:
        """A matrix [rows, columns] in float32, made in `room` if it is kept in int8."""
        if self.matrices.dtype == np.float32:
            flat = self.matrices[start : start + rows * columns]
            return flat.reshape(rows, columns)
        wide = room[: rows * columns].reshape(rows, columns)
        dequantize(self.matrices, start, self.small[scale : scale + rows], wide)
        return wide


def _is_diagonal(args: ModelArgs, weights: Weights) -> bool:
    w0 = weights.small_part("metacognition.ttt.W0").reshape(args.n_embd, -1)
    rest = np.abs(w0)
    np.fill_diagonal(rest, 0)
    return bool(rest.max() < DIAGONAL_BOUND)
