"""A model's weights with the tables that compiled code reads them by."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..genesis.args import ModelArgs
from ..genesis.constants import DIAGONAL_BOUND
from ..stored_tensors import Float32
from .layout import Dimensions, product_places, state_layout
from .products import Products
from .tables import block_table, dimensions, metacognition_table
from .weights import Weights


@dataclass(frozen=True)
class Program:
    """What every call of a kernel needs of a model; nothing of it changes.

    `matrices` is float32 or codes, `small` float32, both flat; `diagonal` tells
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
            products=Products.at(
                product_places(args, weights.layout), weights.bits, weights.factors
            ),
            dims=dimensions(args, weights.layout, state, delta_rule),
            diagonal=args.use_ttt and _is_diagonal(args, weights),
        )


def _is_diagonal(args: ModelArgs, weights: Weights) -> bool:
    w0 = weights.small_part("metacognition.ttt.W0").reshape(args.n_embd, -1)
    rest = np.abs(w0)
    np.fill_diagonal(rest, 0)
    return bool(rest.max() < DIAGONAL_BOUND)
