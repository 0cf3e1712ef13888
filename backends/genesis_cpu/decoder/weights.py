"""A decoder's weights as flat arrays, in float32 or int8 with scales per group."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from ...decoder import DecoderFiles
from ...derived_file import DERIVED_FILE, keep_derived, made_from
from ..groups import GROUP
from ..tensors import Float32, StoredTensor, dequantized, map_tensors
from ..weights import Dtype
from ..decoder_layout import DecoderLayout

FORMAT = f"decoder-cpu-int8-{GROUP}"
# Weights that are made at once.
BLOCK_WEIGHTS = 1 << 20


@dataclass(frozen=True)
class DecoderWeights:
    """Flat arrays and where everything lies in them. All are read-only.

    `matrices` is float32 or int8; with int8, `scales` has a factor for every group of
    every row, otherwise it is None.
    """

    matrices: NDArray[Any]
    small: Float32
    scales: Float32 | None
    layout: DecoderLayout

    @property
    def dtype(self) -> Dtype:
        """What the matrices are stored in."""
        return "float32" if self.scales is None else "int8"

    @property
    def nbytes(self) -> int:
        """Bytes of all weights."""
        scales = 0 if self.scales is None else self.scales.nbytes
        return self.matrices.nbytes + self.small.nbytes + scales


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
        assert made.scales is not None
        arrays = {"small": made.small, "scales": made.scales, "matrices": made.matrices}
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
            for values in self._parts(modules):
                matrices[start : start + values.size] = values.reshape(-1)
                start += values.size
        return _frozen(matrices, self._small(layout), None, layout)

    def int8(self) -> DecoderWeights:
        """Each group as multiples of its largest magnitude's 127th part."""
        layout = DecoderLayout.of(self._files.args, grouped=True)
        matrices = np.empty(layout.matrices_size, np.int8)
        scales = np.empty(layout.scales_size, np.float32)
        for place, modules in zip(layout.matrices, layout.modules, strict=True):
            start, scale = place.start, place.scale
            for values in self._parts(modules):
                codes, factors = quantized(values)
                matrices[start : start + codes.size] = codes.reshape(-1)
                scales[scale : scale + factors.size] = factors.reshape(-1)
                start, scale = start + codes.size, scale + factors.size
        return _frozen(matrices, self._small(layout), scales, layout)

    def _parts(self, modules: tuple[str, ...]) -> Any:
        """Rows of the modules one after the other, [n, columns] at a time."""
        for module in modules:
            tensor = self._stored[f"{module}.weight"]
            packing = self._files.packings.get(module)
            rows, width = tensor.values.shape
            step = max(1, BLOCK_WEIGHTS // (width * (8 if packing else 1)))
            for first in range(0, rows, step):
                part = slice(first, first + step)
                if packing is None:
                    yield tensor.rows(part)
                else:
                    yield dequantized(
                        tensor.values[part],
                        packing.bits,
                        self._stored[f"{module}.scales"].rows(part),
                        self._stored[f"{module}.biases"].rows(part),
                    )
                tensor.release()

    def _small(self, layout: DecoderLayout) -> Float32:
        small = np.empty(layout.small_size, np.float32)
        for name, (start, count) in layout.vectors.items():
            small[start : start + count] = self._stored[name].rows()
        return small


def quantized(values: Float32) -> tuple[NDArray[np.int8], Float32]:
    """Codes [rows, columns] and scales [rows, groups] of a matrix."""
    rows, columns = values.shape
    groups = -(-columns // GROUP)
    if columns % GROUP:
        padded = np.zeros((rows, groups * GROUP), np.float32)
        padded[:, :columns] = values
        values = padded
    parts = values.reshape(rows, groups, GROUP)
    scales = np.abs(parts).max(axis=2) / np.float32(127)
    divisors = np.where(scales > 0, scales, np.float32(1))[..., None]
    # A weight that is not a number makes its scale none, which the logits tell.
    with np.errstate(invalid="ignore"):
        codes = np.rint(parts / divisors).astype(np.int8).reshape(rows, -1)
    return codes[:, :columns], scales


def _frozen(
    matrices: NDArray[Any],
    small: Float32,
    scales: Float32 | None,
    layout: DecoderLayout,
) -> DecoderWeights:
    """Read-only in every case: compiled code is the same for both kinds."""
    matrices, small = matrices.view(), small.view()
    matrices.flags.writeable = small.flags.writeable = False
    if scales is not None:
        scales = scales.view()
        scales.flags.writeable = False
    return DecoderWeights(matrices, small, scales, layout)


def _map_int8(
    path: Path, layout: DecoderLayout, meta: dict[str, str]
) -> DecoderWeights | None:
    """The kept weights, or None if there are none that fit."""
    wanted = {
        "matrices": ("I8", [layout.matrices_size]),
        "scales": ("F32", [layout.scales_size]),
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
    return _frozen(arrays["matrices"], arrays["small"], arrays["scales"], layout)
