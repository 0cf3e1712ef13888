"""A model's weights as flat arrays, in float32 or in codes."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from ..derived_file import DERIVED_FILES, DERIVED_TENSORS, keep_derived, made_from
from ..errors import ConfigError
from ..genesis.args import ModelArgs
from ..stored_tensors import Float32, FloatTensors, map_tensors
from .groups import Bits, put_rows, quantized, recoded
from .layout import WeightLayout, weight_layout
from .matrix_layout import STORED_CODES, code_type, empty_factors, read_only

Dtype = Literal["float32", "int8", "int4"]
DTYPES: tuple[Dtype, ...] = get_args(Dtype)
# As near to float32 as bfloat16 is, the other backend's default on a GPU.
DEFAULT_DTYPE: Dtype = "int8"
BITS: dict[Dtype, Bits | None] = {"float32": None, "int8": 8, "int4": 4}
FORMAT = "genesis-cpu-2"
# A whole number of blocks of codes.
ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class Weights:
    """Flat arrays and where everything lies in them. All are read-only.

    `matrices` is float32, or codes as `groups` lays them out, whose scales and biases
    `factors` [2, n] are.
    """

    matrices: NDArray[Any]
    factors: NDArray[np.int16] | None
    small: Float32
    layout: WeightLayout
    dtype: Dtype

    @property
    def bits(self) -> Bits | None:
        """Bits of a code; None for float32."""
        return BITS[self.dtype]

    @property
    def nbytes(self) -> int:
        """Bytes of all weights in use."""
        used = sum(place.size(self.bits) for place in self.layout.matrices.values())
        factors = 0 if self.factors is None else self.factors.nbytes
        return used * self.matrices.itemsize + factors + self.small.nbytes

    def small_part(self, name: str) -> Float32:
        """A tensor among the small ones, flat."""
        start, count = self.layout.small[name]
        return self.small[start : start + count]


def checked_dtype(name: str | None) -> Dtype:
    """The dtype of a name; None is the usual one. Raises `ConfigError`."""
    for dtype in DTYPES:
        if dtype == (name or DEFAULT_DTYPE):
            return dtype
    raise ConfigError(
        f"dtype must be {', '.join(DTYPES[:-1])} or {DTYPES[-1]} in the CPU backend, "
        f"not {name!r}."
    )


def read_weights(
    path: Path, args: ModelArgs, bits: int | None, dtype: Dtype
) -> Weights:
    """Weights of a checked safetensors file, quantised to `bits` or not.

    Codes are made once and kept beside the file if the folder can be written.
    """
    if dtype == "float32":
        return _float32(FloatTensors(map_tensors(path), bits), args)
    kept = path.with_name(DERIVED_FILES[dtype])
    meta = {"format": FORMAT, "made_from": made_from(path)}
    found = _map_codes(kept, args, dtype, meta)
    if found is None:
        made = _codes(FloatTensors(map_tensors(path), bits), args, dtype)
        keep_derived(
            kept, {name: getattr(made, name) for name in DERIVED_TENSORS}, meta
        )
        # The copy on the disk needs no memory that cannot be given back.
        found = _map_codes(kept, args, dtype, meta) or made
    return found


def _float32(tensors: FloatTensors, args: ModelArgs) -> Weights:
    layout = weight_layout(args, None)
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
            name: layout.matrices[name]._replace(start=tensor.start // 4)
            for name, tensor in zip(layout.matrices, stored, strict=True)
        }
        moved = replace(layout, matrices=places)
        return _frozen(flat, None, small, moved, "float32")
    matrices = np.empty(layout.matrices_size, np.float32)
    for name, (start, rows, columns, _) in layout.matrices.items():
        target = matrices[start : start + rows * columns].reshape(rows, columns)
        for first in range(0, rows, ROWS_AT_ONCE):
            part = slice(first, first + ROWS_AT_ONCE)
            target[part] = tensors.rows(name, part)
            tensors.release()
    return _frozen(matrices, None, small, layout, "float32")


def _codes(tensors: FloatTensors, args: ModelArgs, dtype: Dtype) -> Weights:
    bits = BITS[dtype]
    assert bits is not None
    layout = weight_layout(args, bits)
    small = np.empty(layout.small_size, np.float32)
    _fill_small(small, tensors, args, layout)
    matrices = np.zeros(layout.matrices_size, code_type(bits))
    factors = empty_factors(layout.factors_size)
    for name, place in layout.matrices.items():
        codes = matrices[place.start : place.start + place.size(bits)]
        own = factors[:, place.factor : place.factor + place.factors]
        for first in range(0, place.rows, ROWS_AT_ONCE):
            part = slice(first, first + ROWS_AT_ONCE)
            put_rows(codes, own, first, _rows(tensors, name, part, bits), bits)
            tensors.release()
    return _frozen(matrices, factors, small, layout, dtype)


def _rows(tensors: FloatTensors, name: str, rows: slice, bits: Bits) -> Any:
    """Codes and factors of some rows."""
    # A matrix whose rows are no whole number of groups is not packed.
    if tensors.bits is None or not tensors.is_packed(name):
        return quantized(tensors.rows(name, rows), bits)
    return recoded(*tensors.packed(name, rows), tensors.bits, bits)


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


def _frozen(
    matrices: NDArray[Any],
    factors: NDArray[np.int16] | None,
    small: Float32,
    layout: WeightLayout,
    dtype: Dtype,
) -> Weights:
    """Read-only in every case: compiled code is the same for both kinds."""
    return Weights(
        read_only(matrices),
        None if factors is None else read_only(factors),
        read_only(small),
        layout,
        dtype,
    )


def _map_codes(
    path: Path, args: ModelArgs, dtype: Dtype, meta: dict[str, str]
) -> Weights | None:
    """The kept weights, or None if there are none that fit."""
    bits = BITS[dtype]
    assert bits is not None
    layout = weight_layout(args, bits)
    wanted = {
        "matrices": (STORED_CODES[bits], [layout.matrices_size]),
        "factors": ("I16", [2, layout.factors_size]),
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
    arrays = [map_tensors(path)[n].values for n in ("matrices", "factors", "small")]
    return _frozen(arrays[0], arrays[1], arrays[2], layout, dtype)
