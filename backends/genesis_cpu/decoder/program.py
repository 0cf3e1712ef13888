"""A decoder's weights with the tables that compiled code reads them by."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ...decoder import DecoderArgs
from ...stored_tensors import Float32
from ..decoder_layout import DecoderDimensions, block_table, dimensions
from ..products import Products
from .weights import DecoderWeights


@dataclass(frozen=True)
class DecoderProgram:
    """What every call of a kernel needs of a decoder; nothing of it changes.

    `frequencies` [Dh / 2] are radians per token.
    """

    matrices: NDArray[Any]
    small: Float32
    table: NDArray[np.int64]
    products: Products
    frequencies: Float32
    dims: DecoderDimensions

    @classmethod
    def of(cls, args: DecoderArgs, weights: DecoderWeights) -> Self:
        """The program of a model."""
        return cls(
            matrices=weights.matrices,
            small=weights.small,
            table=block_table(args, weights.layout),
            products=Products.at(
                weights.layout.products, weights.bits, weights.factors
            ),
            frequencies=args.rotary.frequencies(args.head_dim),
            dims=dimensions(args, weights.layout),
        )
