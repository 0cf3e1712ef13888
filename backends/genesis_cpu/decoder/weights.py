"""A decoder's weights as flat arrays, in float32 or in codes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...decoder import DecoderArgs, DecoderFiles
from ...stored_tensors import Float32, StoredTensor, dequantized, map_tensors
from ..decoder_layout import DecoderLayout
from ..groups import Bits, put_rows, quantized, recoded
from ..matrix_layout import STORED_CODES, code_type, empty_factors, read_only
from ..weights import BITS, Dtype
from .derived import DerivedFile

# Numbers of a file that are read at once.
BLOCK_WEIGHTS = 1 << 20
FACTORS = "scales", "biases"


@dataclass(frozen=True)
class DecoderWeights:
    """Flat arrays and where everything lies in them. All are read-only.

    `matrices` is float32, or codes as `groups` lays them out, whose scales and biases
    `factors` [2, n] are.
    """

    matrices: NDArray[Any]
    factors: NDArray[np.int16] | None
    small: Float32
    layout: DecoderLayout
    dtype: Dtype

    @property
    def bits(self) -> Bits | None:
        """Bits of a code; None for float32."""
        return BITS[self.dtype]

    @property
    def nbytes(self) -> int:
        """Bytes of all weights."""
        factors = 0 if self.factors is None else self.factors.nbytes
        return self.matrices.nbytes + self.small.nbytes + factors


def read_weights(
    files: DecoderFiles,
    dtype: Dtype,
    kept: DerivedFile | None,
    preparing: Callable[[str], None] = lambda text: None,
) -> DecoderWeights:
    """The weights of checked files.

    Codes are made once and kept, if there is a place for them and it can be written;
    `preparing` is told when.
    """
    bits = BITS[dtype]
    if bits is None:
        return _Reader(files).float32()
    if kept is None:
        return _Reader(files).codes(dtype, bits)
    layout = DecoderLayout.of(files.args, bits)
    wanted = {
        "small": ("F32", [layout.small_size]),
        "factors": ("I16", [2, layout.factors_size]),
        "matrices": (STORED_CODES[bits], [layout.matrices_size]),
    }
    found = kept.load(wanted)
    if found is None:
        preparing(f"Preparing {dtype} weights (first run only)…")
        made = _Reader(files).codes(dtype, bits)
        kept.save({name: getattr(made, name) for name in wanted})
        # The copy on the disk needs no memory that cannot be given back.
        found = kept.load(wanted)
        if found is None:
            return made
    return _frozen(found["matrices"], found["factors"], found["small"], layout, dtype)


def zeros(args: DecoderArgs, dtype: Dtype) -> DecoderWeights:
    """Weights that are all zero."""
    bits = BITS[dtype]
    layout = DecoderLayout.of(args, bits)
    kind = np.float32 if bits is None else code_type(bits)
    matrices = np.zeros(layout.matrices_size, kind)
    factors = None if bits is None else empty_factors(layout.factors_size)
    small = np.zeros(layout.small_size, np.float32)
    return _frozen(matrices, factors, small, layout, dtype)


class _Reader:
    """Makes flat arrays of tensors in any of the forms they are stored in."""

    def __init__(self, files: DecoderFiles) -> None:
        self._files = files
        maps = {path: map_tensors(path) for path in set(files.files.values())}
        self._stored: dict[str, StoredTensor] = {
            name: maps[path][files.stored.get(name, name)]
            for name, path in files.files.items()
        }

    def float32(self) -> DecoderWeights:
        """Every weight as it is."""
        layout = DecoderLayout.of(self._files.args, None)
        matrices = np.empty(layout.matrices_size, np.float32)
        for place, modules in zip(layout.matrices, layout.modules, strict=True):
            start = place.start
            for module, rows in self._rows(modules):
                values = self._floats(module, rows)
                matrices[start : start + values.size] = values.reshape(-1)
                start += values.size
        return _frozen(matrices, None, self._small(layout), layout, "float32")

    def codes(self, dtype: Dtype, bits: Bits) -> DecoderWeights:
        """Every weight as a code with its group's scale and bias."""
        layout = DecoderLayout.of(self._files.args, bits)
        matrices = np.zeros(layout.matrices_size, code_type(bits))
        factors = empty_factors(layout.factors_size)
        for place, modules in zip(layout.matrices, layout.modules, strict=True):
            codes = matrices[place.start : place.start + place.size(bits)]
            own = factors[:, place.factor : place.factor + place.factors]
            first = 0
            for module, rows in self._rows(modules):
                packing = self._files.packings.get(module)
                if packing:
                    made = recoded(*self._packed(module, rows), packing.bits, bits)
                else:
                    made = quantized(self._stored[f"{module}.weight"].rows(rows), bits)
                put_rows(codes, own, first, made, bits)
                first += len(made[0])
        return _frozen(matrices, factors, self._small(layout), layout, dtype)

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
    factors: NDArray[np.int16] | None,
    small: Float32,
    layout: DecoderLayout,
    dtype: Dtype,
) -> DecoderWeights:
    """Read-only in every case: compiled code is the same for both kinds."""
    return DecoderWeights(
        read_only(matrices),
        None if factors is None else read_only(factors),
        read_only(small),
        layout,
        dtype,
    )
