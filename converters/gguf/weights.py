"""Writing a GGUF file's tensors as the weights of an mlx-lm model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..arrays import cast, to_bytes
from ..errors import ConversionError
from ..progress import Progress
from ..quantization import quantize
from ..weights import CODES
from ..writer import ITEM_BYTES, SafetensorsWriter
from .blocks import GROUP, affine
from .plan import Target
from .values import floats, rows


def write_weights(
    path: Path, file: BinaryIO, targets: list[Target], progress: Progress
) -> None:
    """Write the targets as a safetensors file, a few megabytes at a time.

    `progress` is called with the stage "write" and bytes of the new file. Raises
    `ConversionError` when a tensor holds NaN, infinity, or values too large.
    """
    with SafetensorsWriter(path, _entries(targets)) as out:
        for target in targets:
            for arrays in _pieces(file, target):
                for name, array in zip(_names(target), arrays, strict=True):
                    out.append(name, to_bytes(array))
                progress("write", out.done, out.total)


def quantization(targets: list[Target]) -> dict[str, Any] | None:
    """mlx-lm's `quantization`: the bits most matrices have, and who has others."""
    bits = [target.bits for target in targets if target.bits]
    if not bits:
        return None
    usual = max(sorted(set(bits)), key=bits.count)
    others = {
        target.name.removesuffix(".weight"): {
            "group_size": GROUP,
            "bits": target.bits,
        }
        for target in targets
        if target.bits not in (None, usual)
    }
    return {"group_size": GROUP, "bits": usual, **others}


def _names(target: Target) -> tuple[str, ...]:
    if target.bits is None:
        return (target.name,)
    stem = target.name.removesuffix(".weight")
    return target.name, f"{stem}.scales", f"{stem}.biases"


def _entries(targets: list[Target]) -> dict[str, tuple[str, tuple[int, ...]]]:
    entries: dict[str, tuple[str, tuple[int, ...]]] = {}
    for target in targets:
        code, shape = CODES[target.dtype], target.part.shape
        if target.bits is None:
            entries[target.name] = code, shape
            continue
        weight, scales, biases = _names(target)
        height, width = shape
        entries[weight] = "U32", (height, width * target.bits // 32)
        entries[scales] = code, (height, width // GROUP)
        entries[biases] = entries[scales]
    return dict(sorted(entries.items(), key=lambda entry: -ITEM_BYTES[entry[1][0]]))


def _pieces(file: BinaryIO, target: Target) -> Iterator[tuple[NDArray[Any], ...]]:
    """The target's arrays in row order: one of floats, or codes, scales and biases."""
    tensor, heads = target.tensor, target.part.heads
    if tensor is None:
        yield (np.zeros(target.part.shape, target.dtype),)
    elif target.bits is None:
        for values in floats(file, tensor, heads):
            yield (_finite(cast(values, target.dtype), target, values),)
    elif target.exact:
        for piece in rows(file, tensor, heads):
            codes, scales, biases = affine(piece, tensor.type.name)
            yield (
                codes,
                _finite(cast(scales, target.dtype), target, scales),
                _finite(cast(biases, target.dtype), target, biases),
            )
    else:
        for values in floats(file, tensor, heads):
            found = _finite(cast(values, target.dtype), target, values)
            yield quantize(found, target.bits)


def _finite(array: NDArray[Any], target: Target, stored: NDArray[Any]) -> NDArray[Any]:
    if np.isfinite(array).all():
        return array
    name = target.part.source
    if not np.isfinite(stored).all():
        raise ConversionError(f"{name} holds NaN or infinite values.")
    raise ConversionError(
        f"{name} holds values too large for {target.dtype}; use --dtype float32."
    )
