"""A decoder's weights as flat arrays, in float32 or int8 in groups."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from ...decoder import DecoderFiles
from ...derived_file import DERIVED_FILE, keep_derived, made_from
from ..groups import GROUP, quantized, requantized
from ..tensors import Float32, StoredTensor, dequantized, map_tensors
from ..weights import Dtype
from ..decoder_layout import DecoderLayout

FORMAT = f"decoder-cpu-int8-{GROUP}"
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
    files: DecoderFiles, dtype: Dtype, derived: Path | None
) -> DecoderWeights:
    """The weights of checked files.

    int8 is made once and kept in the folder `derived`, if there is one and it can be
    written.
    """
    if dtype == "float32":
        return _Reader(files).float32()
    if derived is None:
        return _Reader(files).int8()
    kept = derived / DERIVED_FILE
    sources = sorted(set(files.files.values()))
    facts = " ".join(f"{path.name} {made_from(path)}" for path in sources)
    meta = {"format": FORMAT, "made_from": facts}
    layout = DecoderLayout.of(files.args, grouped=True)
    found = _map_int8(kept, layout, meta)
    if found is None:
        made = _Reader(files).int8()
        assert made.groups is not None
        arrays = {"small": made.small, "groups": made.groups, "matrices": made.matrices}
        keep_derived(kept, arrays, meta)
        # The copy on the disk needs no memory that cannot be given back.
        found = _map_int8(kept, layout, meta) or made
    return found


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
        groups = np.empty((2, layout.groups_size), np.float32)
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


def _map_int8(
    path: Path, layout: DecoderLayout, meta: dict[str, str]
) -> DecoderWeights | None:
    """The kept weights, or None if there are none that fit."""
    wanted = {
        "matrices": ("I8", [layout.matrices_size]),
        "groups": ("F32", [2, layout.groups_size]),
        "small": ("F32", [layout.small_size]),
    }
    try:
        with safe_open(str(path), framework="numpy") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - not a dict
            found = {n: (s.get_dtype(), s.get_shape()) for n, s in slices.items()}
            kept = file.metadata() or {}
    except (OSError, SafetensorError):
        return None
    if found != wanted or not meta.items() <= kept.items():
        return None
    arrays = {name: tensor.values for name, tensor in map_tensors(path).items()}
    return _frozen(arrays["matrices"], arrays["small"], arrays["groups"], layout)
