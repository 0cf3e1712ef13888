"""Turning a checkpoint's tensors into a converted model's weights file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from backends.genesis.args import ModelArgs
from backends.genesis.constants import QUANTIZATION_GROUP
from backends.genesis.tensor_shapes import (
    ALWAYS_FLOAT32,
    quantizable,
    tensor_shapes,
)

from .arrays import DTYPES, STORED, cast, pieces, to_bytes, whole
from .errors import ConversionError
from .header import Checkpoint, Header
from .layout import source_shapes
from .names import place
from .progress import Progress
from .quantization import quantize
from .writer import ITEM_BYTES, SafetensorsWriter

Dtype = Literal["float32", "float16", "bfloat16"]
CODES = {dtype: code for code, dtype in STORED.items()}


@dataclass(frozen=True)
class Target:
    """One tensor to be written: its source tensors in order, and how.

    `convolution` means [C, 1, W] kernels to be joined as [W, C]; `bits` is None
    unless the tensor is quantised.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    parts: tuple[str, ...]
    convolution: bool
    bits: int | None


def plan(
    args: ModelArgs, header: Header, dtype: Dtype | None, bits: int | None
) -> list[Target]:
    """The tensors to write for a checkpoint that was compared with `args`.

    Args:
        args: the model's configuration.
        header: the checkpoint's header; holds every tensor of `args`.
        dtype: None keeps what is stored, the widest one where parts are joined.
        bits: 4 or 8 to quantise the large matrices, None not to.

    Raises:
        ConversionError: a matrix cannot be cut into quantisation groups.
    """
    parts: dict[str, dict[int, str]] = {}
    convolutions = set()
    for name in source_shapes(args):
        spot = place(name)
        assert spot is not None, name
        parts.setdefault(spot.target, {})[spot.part] = name
        if spot.transform == "convolution":
            convolutions.add(spot.target)
    targets = []
    problems = []
    for name, shape in tensor_shapes(args).items():
        names = tuple(parts[name][i] for i in sorted(parts[name]))
        quantised = bits if bits and quantizable(name) else None
        if quantised and shape[-1] % QUANTIZATION_GROUP:
            problems.append(
                f"{name} cannot be quantised: its width {shape[-1]} is not a multiple "
                f"of {QUANTIZATION_GROUP}; leave --quantize away."
            )
        kind = _dtype(name, [header.tensors[n].dtype for n in names], dtype)
        targets.append(
            Target(name, shape, kind, names, name in convolutions, quantised)
        )
    if problems:
        raise ConversionError(*problems)
    return targets


def dtype_name(targets: list[Target]) -> str:
    """The dtype of a model's weights, "mixed" when they have several."""
    kinds = {t.dtype for t in targets if not t.name.endswith(ALWAYS_FLOAT32)}
    if len(kinds) > 1:
        return "mixed"
    return next(name for name, kind in DTYPES.items() if kind in kinds)


def write_weights(
    path: Path,
    checkpoint: Checkpoint,
    targets: list[Target],
    progress: Progress,
) -> None:
    """Write the targets as a safetensors file, a few megabytes at a time.

    `progress` is called with the stage "write" and bytes of the new file.
    """
    with SafetensorsWriter(path, _entries(targets)) as out:
        for target in targets:
            for piece in _pieces(checkpoint, target):
                if target.bits is None:
                    out.append(target.name, to_bytes(piece))
                else:
                    arrays = quantize(piece, target.bits)
                    for name, array in zip(
                        _quantised_names(target.name), arrays, strict=True
                    ):
                        out.append(name, to_bytes(array))
                progress("write", out.done, out.total)


def _entries(targets: list[Target]) -> dict[str, tuple[str, tuple[int, ...]]]:
    entries: dict[str, tuple[str, tuple[int, ...]]] = {}
    for target in targets:
        code = CODES[target.dtype]
        if target.bits is None:
            entries[target.name] = code, target.shape
            continue
        weight, scales, biases = _quantised_names(target.name)
        rows, width = target.shape
        entries[weight] = "U32", (rows, width * target.bits // 32)
        entries[scales] = entries[biases] = code, (rows, width // QUANTIZATION_GROUP)
    return dict(sorted(entries.items(), key=lambda entry: -ITEM_BYTES[entry[1][0]]))


def _quantised_names(name: str) -> tuple[str, str, str]:
    stem = name.removesuffix(".weight")
    return name, f"{stem}.scales", f"{stem}.biases"


def _pieces(checkpoint: Checkpoint, target: Target) -> Iterator[NDArray[Any]]:
    """The target's values in row order, in its dtype."""
    source, header = checkpoint.file, checkpoint.header
    if target.convolution:
        kernels = [whole(source, header.tensors[name]) for name in target.parts]
        flat = [cast(k.reshape(k.shape[0], -1), target.dtype) for k in kernels]
        yield np.concatenate(flat).T
        return
    for name in target.parts:
        for piece in pieces(source, header.tensors[name]):
            yield cast(piece, target.dtype)


def _dtype(name: str, stored: list[str], chosen: Dtype | None) -> np.dtype[Any]:
    if name.endswith(ALWAYS_FLOAT32):
        return DTYPES["float32"]
    if chosen:
        return DTYPES[chosen]
    # float16 and bfloat16 each hold values the other cannot.
    return STORED[stored[0]] if len(set(stored)) == 1 else DTYPES["float32"]
