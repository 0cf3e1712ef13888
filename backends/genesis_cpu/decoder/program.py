"""A decoder's weights with the tables that compiled code reads them by."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ...decoder import DecoderArgs
from ..decoder_layout import DecoderDimensions, Place, block_table, dimensions
from ..groups import GROUP
from ..ops.products_by_group import dequantize_groups
from ..products import Products
from ..tensors import Float32
from .weights import DecoderWeights


@dataclass(frozen=True)
class DecoderProgram:
    """What every call of a kernel needs of a decoder; nothing of it changes.

    `places` are those of a token's products, four for each block and the head;
    `frequencies` [Dh / 2] radians per token.
    """

    matrices: NDArray[Any]
    small: Float32
    table: NDArray[np.int64]
    places: tuple[Place, ...]
    products: Products
    frequencies: Float32
    dims: DecoderDimensions

    @classmethod
    def of(cls, args: DecoderArgs, weights: DecoderWeights) -> Self:
        """The program of a model."""
        places, matrices = weights.layout.products, weights.matrices
        return cls(
            matrices=matrices,
            small=weights.small,
            table=block_table(args, weights.layout),
            places=places,
            products=Products.at(places, matrices.itemsize, weights.groups),
            frequencies=args.rotary.frequencies(args.head_dim),
            dims=dimensions(args, weights.layout),
        )

    def room(self, size: int) -> Float32 | None:
        """Room for `matrix` to make so many weights in; None if it need not."""
        return None if self.products.groups is None else np.empty(size, np.float32)

    def matrix(self, place: Place, room: Float32 | None) -> Float32:
        """A matrix [rows, columns] in float32, made in `room` if it is kept in int8."""
        start, rows, columns, group = place
        if room is None:
            flat: Float32 = self.matrices[start : start + rows * columns]
            return flat.reshape(rows, columns)
        wide = room[: rows * columns].reshape(rows, columns)
        dequantize_groups(self.matrices, start, self.products.groups, group, wide)
        return wide

    def embedded(self, ids: NDArray[np.int64]) -> Float32:
        """The embeddings [L, D] of token ids [L]."""
        place, d = self.embedding, self.dims.D
        rows = self.matrices[place.start : place.start + self.dims.V * d]
        x = rows.reshape(-1, d)[ids].astype(np.float32)
        if self.products.groups is not None:
            end = place.group + place.rows * place.groups
            some = self.products.groups[:, place.group : end]
            some = some.reshape(2, place.rows, -1)[:, ids]
            scales, biases = np.repeat(some, GROUP, axis=2)[..., :d]
            x *= scales
            x += biases
        return x

    @property
    def embedding(self) -> Place:
        """Where the embedding [V, D] is."""
        dims = self.dims
        return Place(dims.embedding, dims.V, dims.D, dims.embedding_group)
