"""A model's weights as flat arrays, in float32 or int8."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from ..derived_file import DERIVED_FILE, DERIVED_TENSORS, keep_derived, made_from
from ..genesis.args import ModelArgs
from .layout import WeightLayout, weight_layout
from .tensors import Float32, FloatTensors, map_tensors

Dtype = Literal["float32", "int8"]
DTYPES: tuple[Dtype, ...] = get_args(Dtype)
# As near to float32 as bfloat16 is, the other backend's default on a GPU.
DEFAULT_DTYPE: Dtype = "int8"
FORMAT = "genesis-cpu-int8-1"
BLOCK_ROWS = 1024


@dataclass(frozen=True)
class Weights:
    """Flat arrays and where everything lies in them.

    `matrices` is float32 or int8; with int8, `small` has a scale for every row of
    every matrix. Both are read-only.
    """

    matrices: NDArray[Any]
    small: Float32
    layout: WeightLayout

    @property
    def dtype(self) -> Dtype:
        """What the matrices are stored in."""
        return "int8" if self.matrices.dtype == np.int8 else "float32"

    @property
    def nbytes(self) -> int:
        """Bytes of all weights in use."""
        used = sum(rows * columns for _, rows, columns in self.layout.matrices.values())
        return used * self.matrices.itemsize + self.small.nbytes

    def small_part(self, name: str) -> Float32:
        """A tensor among the small ones, flat."""
        start, count = self.layout.small[name]
        return self.small[start : start + count]


def read_weights(
    path: Path, args: ModelArgs, bits: int | None, dtype: Dtype
) -> Weights:
    """Weights of a checked safetensors file, quantised to `bits` or not.

    int8 is made once and kept beside the file if the folder can be written.
    """
    if dtype == "float32":
        return _float32(FloatTensors(map_tensors(path), bits), args)
    kept = path.with_name(DERIVED_FILE)
    meta = {"format": FORMAT, "made_from": made_from(path)}
    found = _map_int8(kept, args, meta)
    if found is None:
        made = _int8(FloatTensors(map_tensors(path), bits), args)
        arrays = (made.small, made.matrices)
        keep_derived(kept, dict(zip(DERIVED_TENSORS, arrays, strict=True)), meta)
        # The copy on the disk needs no memory that cannot be given back.
        found = _map_int8(kept, args, meta) or made
    return found


def _float32(tensors: FloatTensors, args: ModelArgs) -> Weights:
    layout = weight_layout(args, scaled=False)
    small = np.empty(layout.small_size, np.float32)
    _fill_small(small, tensors, args, layout)
    stored = [tensors.stored[name] for name in layout.matrices]
    if all(tensor.dtype == "F32" and tensor.start % 4 == 0 for tensor in stored):
        # Used where they are mapped: nothing is read twice or held twice.
        base = stored[0].values
        while isinstance(base.base, np.ndarray):
            base = base.base
        whole = base.view(np.uint8)
        flat = whole[: whole.size // 4 * 4].view(np.float32)
        places = {
            name: (tensor.start // 4, *layout.matrices[name][1:])
            for name, tensor in zip(layout.matrices, stored, strict=True)
        }
        return _frozen(flat, small, replace(layout, matrices=places))
    matrices = np.empty(layout.matrices_size, np.float32)
    for name, (start, rows, columns) in layout.matrices.items():
        target = matrices[start : start + rows * columns].reshape(rows, columns)
        for first in range(0, rows, BLOCK_ROWS):
            part = slice(first, first + BLOCK_ROWS)
            target[part] = tensors.rows(name, part)
            tensors.release()
    return _frozen(matrices, small, layout)


def _int8(tensors: FloatTensors, args: ModelArgs) -> Weights:
    """Each row as multiples of its largest magnitude's 127th part."""
    layout = weight_layout(args, scaled=True)
    small = np.empty(layout.small_size, np.float32)
    _fill_small(small, tensors, args, layout)
    matrices = np.empty(layout.matrices_size, np.int8)
    for name, (start, rows, columns) in layout.matrices.items():
        target = matrices[start : start + rows * columns].reshape(rows, columns)
        scales = small[layout.scales[name] : layout.scales[name] + rows]
        for first in range(0, rows, BLOCK_ROWS):
            part = slice(first, first + BLOCK_ROWS)
            values = tensors.rows(name, part)
            scale = np.abs(values).max(axis=1) / np.float32(127)
            scales[part] = scale
            divisor = np.where(scale > 0, scale, np.float32(1))[:, None]
            target[part] = np.rint(values / divisor)
            tensors.release()
    return _frozen(matrices, small, layout)


def _fill_small(
    small: Float32, tensors: FloatTensors, args: ModelArgs, layout: WeightLayout
) -> None:
    """Copy small tensors in the form the kernels use them."""
    for name, (start, count) in layout.small.items():
        values = tensors.rows(name).reshape(-1)
        if name.endswith(".omega"):
            values = 1 + values
        elif name.endswith("A_log"):
            values = np.exp(values)
        elif name.endswith("log_lr"):
            values = np.minimum(np.exp(values), np.float32(args.ttt_inner_lr))
        small[start : start + count] = values


def _frozen(matrices: NDArray[Any], small: Float32, layout: WeightLayout) -> Weights:
    """Read-only in every case: compiled code is the same for both kinds."""
    matrices, small = matrices.view(), small.view()
    matrices.flags.writeable = small.flags.writeable = False
    return Weights(matrices, small, layout)


def _map_int8(path: Path, args: ModelArgs, meta: dict[str, str]) -> Weights | None:
    """The kept weights, or None if there are none that fit."""
    layout = weight_layout(args, scaled=True)
    wanted = {
        "matrices": ("I8", [layout.matrices_size]),
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
    tensors = map_tensors(path)
    return _frozen(tensors["matrices"].values, tensors["small"].values, layout)
