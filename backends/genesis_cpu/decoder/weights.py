"""A decoder's weights as flat arrays, in float32 or int8 in groups."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...decoder import DecoderArgs, DecoderFiles
from ..decoder_layout import DecoderLayout
from ..groups import GROUP, quantized, requantized
from ..tensors import Float32, StoredTensor, dequantized, map_tensors
from ..weights import Dtype
from .derived import DerivedFile

# Numbers of a file that are read at once.
BLOCK_WEIGHTS = 1 << 20
FACTORS = "scales", "biases"


@dataclass(frozen=True)
class DecoderWeights:
    """Flat arrays and where everything lies in them. All are read-only.

    `matrices` is float32 or int8; with int8, `groups` [2, n] has a scale and a bias
    for every group of every row, otherwise it is None.
    """

    matrices: NDArray[Any]
    small: Float32
    groups: Float32 | None
    layout: DecoderLayout

    @property
    def dtype(self) -> Dtype:
        """What the matrices are stored in."""
        return "float32" if self.groups is None else "int8"

    @property
    def nbytes(self) -> int:
        """Bytes of all weights."""
        groups = 0 if self.groups is None else self.groups.nbytes
        return self.matrices.nbytes + self.small.nbytes + groups


def read_weights(
    files: DecoderFiles,
    dtype: Dtype,
    kept: DerivedFile | None,
    preparing: Callable[[str], None] = lambda text: None,
) -> DecoderWeights:
    """The weights of checked files.

    int8 is made once and kept, if there is a place for it and it can be written;
    `preparing` is told when.
    """
    if dtype == "float32" or kept is None:
        reader = _Reader(files)
        return reader.float32() if dtype == "float32" else reader.int8()
    layout = DecoderLayout.of(files.args, grouped=True)
    wanted = {
        "small": ("F32", [layout.small_size]),
        "groups": ("F32", [2, layout.groups_size]),
        "matrices": ("I8", [layout.matrices_size]),
    }
    found = kept.load(wanted)
    if found is None:
        preparing("Preparing int8 weights (first run only)…")
        made = _Reader(files).int8()
        kept.save({name: getattr(made, name) for name in wanted})
        # The copy on the disk needs no memory that cannot be given back.
        found = kept.load(wanted)
        if found is None:
            return made
    return _frozen(found["matrices"], found["small"], found["groups"], layout)


def zeros(args: DecoderArgs, dtype: Dtype) -> DecoderWeights:
    """Weights that are all zero."""
    grouped = dtype == "int8"
    layout = DecoderLayout.of(args, grouped)
    matrices = np.zeros(layout.matrices_size, np.int8 if grouped else np.float32)
    groups = np.zeros((2, layout.groups_size), np.float32) if grouped else None
    return _frozen(matrices, np.zeros(layout.small_size, np.float32), groups, layout)


class _Reader:
    """Makes flat arrays of tensors in any of the forms they are stored in."""

    def __init__(self, files: DecoderFiles) -> None:
        self._files = files
        maps = {path: map_tensors(path) for path in set(files.files.values())}
        self._stored: dict[str, StoredTensor] = {
            name: maps[path][name] for name, path in files.files.items()
        }

    def float32(self) -> DecoderWeights:
        """Every weight as it is."""
        layout = DecoderLayout.of(self._files.args, grouped=False)
        matrices = np.empty(layout.matrices_size, np.float32)
        for place, modules in zip(layout.matrices, layout.modules, strict=True):
            start = place.start
            for module, rows in self._rows(modules):
                values = self._floats(module, rows)
                matrices[start : start + values.size] = values.reshape(-1)
                start += values.size
        return _frozen(matrices, self._small(layout), None, layout)

    def int8(self) -> DecoderWeights:
        """Every weight as a code with its group's scale and bias."""
        layout = DecoderLayout.of(self._files.args, grouped=True)
        matrices = np.empty(layout.matrices_size, np.int8)
        groups = np.zeros((2, layout.groups_size), np.float32)
        for place, modules in zip(layout.matrices, layout.modules, strict=True):
            start, group = place.start, place.group
            for module, rows in self._rows(modules):
                packing = self._files.packings.get(module)
                if packing and packing.group % GROUP == 0:
                    made = requantized(*self._packed(module, rows), packing.bits)
                else:
                    made = quantized(self._floats(module, rows))
                codes, factors = made
                count = factors[0].size
                matrices[start : start + codes.size] = codes.reshape(-1)
                groups[:, group : group + count] = factors.reshape(2, -1)
                start, group = start + codes.size, group + count
        return _frozen(matrices, self._small(layout), groups, layout)

    def _rows(self, modules: tuple[str, ...]) -> Iterator[tuple[str, slice]]:
        """Some rows of the modules one after the other; then their memory is free."""
        for module in modules:
            tensor = self._stored[f"{module}.weight"]
            length, width = tensor.values.shape
            step = max(1, BLOCK_WEIGHTS // width)
            for first in range(0, length, step):
                yield module, slice(first, first + step)
                tensor.release()

    def _packed(self, module: str, rows: slice) -> tuple[Any, Float32, Float32]:
        stored = self._stored
        scales, biases = (stored[f"{module}.{n}"].rows(rows) for n in FACTORS)
        return stored[f"{module}.weight"].values[rows], scales, biases

    def _floats(self, module: str, rows: slice) -> Float32:
        packing = self._files.packings.get(module)
        if packing is None:
            return self._stored[f"{module}.weight"].rows(rows)
        return dequantized(*self._packed(module, rows), packing.bits)

    def _small(self, layout: DecoderLayout) -> Float32:
        small = np.empty(layout.small_size, np.float32)
        for name, (start, count) in layout.vectors.items():
            small[start : start + count] = self._stored[name].rows()
        return small


def _frozen(
    matrices: NDArray[Any],
    small: Float32,
    groups: Float32 | None,
    layout: DecoderLayout,
) -> DecoderWeights:
    """Read-only in every case: compiled code is the same for both kinds."""
    matrices, small = matrices.view(), small.view()
    matrices.flags.writeable = small.flags.writeable = False
    if groups is not None:
        groups = groups.view()
        groups.flags.writeable = False
    return DecoderWeights(matrices, small, groups, layout)
