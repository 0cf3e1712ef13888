"""What files of weights hold, by their headers."""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from .stored_tensors import STORED
from .weights_damage import damaged

# Shape and dtype of a tensor.
Fact = tuple[tuple[int, ...], str]


def tensor_facts(path: Path) -> dict[str, Fact]:
    """Every tensor in a file, by the strict reader. Raises `WeightsError`."""
    try:
        path.stat()
        with safe_open(str(path), framework="numpy") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - not a dict
            return {n: (tuple(s.get_shape()), s.get_dtype()) for n, s in slices.items()}
    except (OSError, SafetensorError) as error:
        raise damaged(path, error) from error


def sizes_of(facts: Iterable[Fact]) -> tuple[int, int]:
    """Bytes of tensors as stored, and with float matrices in float32.

    Packed integers count eight times in the second figure: 4-bit weights in float32.
    """
    stored = wide = 0
    for shape, dtype in facts:
        count = math.prod(shape)
        size = count * np.dtype(STORED.get(dtype, np.float32)).itemsize
        stored += size
        wide += size * 8 if dtype == "U32" else count * 4
    return stored, wide
