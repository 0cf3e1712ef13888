"""What an adapter makes of a model's tensors, by NumPy.

Low-rank adaptation (LoRA, arXiv 2106.09685) of a matrix W [rows, columns] by A
[columns, rank] and B [rank, rows] is W + scale * (A B)^T; weight-decomposed adaptation
(DoRA, arXiv 2402.09353) gives its rows the lengths m [rows].
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from backends.stored_tensors import Float32, StoredTensor, dequantized, map_tensors

from .errors import ConversionError, reason, shown

FLOATS = ("F32", "F16", "BF16")
PACKED = "U32"
DOWN, UP, LENGTHS = ".lora_a", ".lora_b", ".m"


@dataclass(frozen=True)
class LowRank:
    """The change of one matrix; `m` is None without DoRA."""

    a: Float32
    b: Float32
    m: Float32 | None

    def applied(self, weight: Float32, scale: float) -> Float32:
        """The changed matrix, float32 in the shape of `weight` [..., rows, columns]."""
        factor = np.float32(scale)
        if weight.ndim == 3:  # of experts: b [experts, rows, rank], a [.., rank, cols]
            added = factor * (self.b @ self.a)
        elif self.is_embedding(weight.shape):
            added = (factor * self.a) @ self.b
        else:
            added = (factor * self.b.T) @ self.a.T
        changed: Float32 = weight + added
        if self.m is not None:
            changed *= (self.m / np.linalg.norm(changed, axis=1))[:, None]
        return changed

    def is_embedding(self, shape: tuple[int, ...]) -> bool:
        """Whether it is of a table, whose rows are looked up, and not of a matrix."""
        linear = (self.a.shape[0], self.b.shape[1]) == shape[::-1]
        return not linear and (self.a.shape[0], self.b.shape[1]) == shape

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether a tensor of a shape can be changed by it."""
        a, b = self.a.shape, self.b.shape
        if len(a) == len(b) == len(shape) == 3:
            return (a[0], b[1], a[2]) == shape and (b[0], b[2]) == a[:2]
        if not len(a) == len(b) == len(shape) == 2 or a[1] != b[0]:
            return False
        lengths = self.m is None or self.m.shape == shape[:1]
        return lengths and (a[0], b[1]) in (shape, shape[::-1])


@dataclass(frozen=True)
class Adaptation:
    """An adapter's tensors: changes by module, and what takes a tensor's place."""

    changes: dict[str, LowRank]
    replaced: dict[str, StoredTensor]

    @classmethod
    def read(cls, path: Path) -> "Adaptation":
        """From an adapter's weights. Raises `ConversionError` for damaged ones."""
        stored = read_tensors([path])
        changes = {}
        for name in [n for n in stored if n.endswith(DOWN)]:
            module = name.removesuffix(DOWN)
            if f"{module}{UP}" not in stored:
                raise ConversionError(f"{shown(str(path))} lacks {module}{UP}.")
            lengths = stored.pop(f"{module}{LENGTHS}", None)
            changes[module] = LowRank(
                stored.pop(name).rows(),
                stored.pop(f"{module}{UP}").rows(),
                None if lengths is None else lengths.rows(),
            )
        return cls(changes, stored)

    def misfits(self, tensors: Mapping[str, StoredTensor]) -> list[str]:
        """Names of what a model's tensors have no place for."""
        return [
            *(
                module
                for module, change in self.changes.items()
                if f"{module}.weight" not in tensors
                or not change.fits(_shape(tensors, module, change))
            ),
            *(
                name
                for name, tensor in self.replaced.items()
                if name not in tensors
                or tensors[name].dtype not in FLOATS
                or tensors[name].values.shape != tensor.values.shape
            ),
        ]


def read_tensors(paths: list[Path]) -> dict[str, StoredTensor]:
    """All tensors of some files, mapped. Raises `ConversionError`."""
    tensors: dict[str, StoredTensor] = {}
    for path in paths:
        try:
            # The strict reader; what maps them takes the header's word for it.
            with safe_open(str(path), framework="numpy"):
                tensors |= map_tensors(path)
        except (OSError, SafetensorError) as error:
            why = reason(error) if isinstance(error, OSError) else str(error)
            raise ConversionError(
                f"{shown(str(path))} cannot be read: {shown(why)}."
            ) from error
        except KeyError as error:
            raise ConversionError(
                f"{shown(str(path))} has tensors of the type {error}, which cannot be "
                "read."
            ) from error
    return tensors


def is_packed(tensors: Mapping[str, StoredTensor], module: str) -> bool:
    """Whether a module's weight is quantised."""
    weight = tensors[f"{module}.weight"]
    return weight.dtype == PACKED and f"{module}.scales" in tensors


def unpacked_weight(
    tensors: Mapping[str, StoredTensor], module: str, columns: int
) -> Float32:
    """A quantised weight in float32 [..., columns].

    Raises `ConversionError` for another form than MLX's affine one.
    """
    words = tensors[f"{module}.weight"].values
    if f"{module}.biases" not in tensors:
        raise ConversionError(
            f"{module} is quantised in a form that an adapter cannot be added to; "
            "take a version of the model that is not quantised."
        )
    scales, biases = (tensors[f"{module}.{n}"].rows() for n in ("scales", "biases"))
    rows = words.reshape(-1, words.shape[-1])
    found = dequantized(
        rows,
        scales.reshape(len(rows), -1),
        biases.reshape(len(rows), -1),
        words.shape[-1] * 32 // columns,
    )
    return found.reshape(*words.shape[:-1], columns)


def _shape(
    tensors: Mapping[str, StoredTensor], module: str, change: LowRank
) -> tuple[int, ...]:
    shape: tuple[int, ...] = tensors[f"{module}.weight"].values.shape
    if not is_packed(tensors, module):
        return shape
    return (*shape[:-1], columns_of(change, shape[0]))


def columns_of(change: LowRank, rows: int) -> int:
    """How wide the matrix with so many rows is that a change is for."""
    if change.a.ndim == 3:
        return int(change.a.shape[-1])
    inward, outward = change.a.shape[0], change.b.shape[-1]
    return int(inward if outward == rows else outward)
