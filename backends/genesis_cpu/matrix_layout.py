"""Where matrices lie one after the other, in float32 or in codes."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .groups import BLOCK, Bits, block_size, blocks_of, groups_of


class Place(NamedTuple):
    """A matrix: its first number or byte, its shape, and its first factor or -1."""

    start: int
    rows: int
    columns: int
    factor: int

    def size(self, bits: Bits | None) -> int:
        """Numbers of float32, or bytes of codes."""
        if bits is None:
            return self.rows * self.columns
        return blocks_of(self.rows) * block_size(self.columns, bits)

    @property
    def factors(self) -> int:
        """Scales of a matrix in codes."""
        return blocks_of(self.rows) * groups_of(self.columns) * BLOCK


def lay_out(
    shapes: Iterable[tuple[int, int]], bits: Bits | None
) -> tuple[list[Place], int, int]:
    """Places of matrices [rows, columns], and how much all of them take.

    Numbers or bytes, and scales, which float32 (`bits` None) has none of.
    """
    places, size, factors = [], 0, 0
    for rows, columns in shapes:
        place = Place(size, rows, columns, -1 if bits is None else factors)
        places.append(place)
        size += place.size(bits)
        factors += 0 if bits is None else place.factors
    return places, size, factors


# How a safetensors file names a byte of codes.
STORED_CODES: dict[Bits, str] = {8: "I8", 4: "U8"}


def code_type(bits: Bits) -> type[np.int8] | type[np.uint8]:
    """What a byte of codes is to compiled code, which knows the bits by it."""
    return np.int8 if bits == 8 else np.uint8


def empty_factors(count: int) -> NDArray[np.int16]:
    """Scales and biases [2, count], of which those of rows that fill up stay 0."""
    return np.zeros((2, count), np.int16)


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A view that nothing can be written to."""
    view = array.view()
    view.flags.writeable = False
    return view
