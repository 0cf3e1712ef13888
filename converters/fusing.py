"""An adapter and its base as one model: every backend runs it like any other."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.config_file import read_config
from backends.errors import BackendError
from backends.stored_tensors import StoredTensor

from .adapted_tensors import (
    FLOATS,
    PACKED,
    Adaptation,
    columns_of,
    is_packed,
    read_tensors,
    unpacked_weight,
)
from .arrays import STORED, cast, to_bytes
from .errors import ConversionError, reason, shown
from .manifest import CONFIG, GENESIS, INDEX, MANIFEST, WEIGHTS, Manifest
from .progress import Progress, silent
from .storage import new_directory
from .training_record import TrainingRecord
from .verification import file_records
from .whole_folder import is_weights
from .writer import ITEM_BYTES, SafetensorsWriter

# What belongs to a model beside its weights: texts and tokenizers.
SMALL_FILES = (".json", ".jinja", ".model", ".txt")
# Numbers that are copied at a time.
PIECE = 1 << 21
QUANTIZATION = ("quantization", "quantization_config")


@dataclass(frozen=True)
class Output:
    """A tensor to write: its type and shape, and what makes its rows."""

    dtype: str
    shape: tuple[int, ...]
    pieces: Callable[[], Iterator[NDArray[Any]]]


def fuse(
    base: Path,
    manifest: Manifest,
    adapter: Path,
    destination: Path,
    *,
    scale: float,
    training: TrainingRecord,
    texts: Mapping[str, str] = MappingProxyType({}),
    replace_existing: bool = False,
    progress: Progress = silent,
) -> Manifest:
    """Make a model's directory of a base and what was trained on it.

    What the adapter changes is stored in float32 in a Genesis model and in the type
    of the base's own floats in another, and never quantised again, so that nothing
    that was learned is rounded away. A Genesis model is quantised as a whole or not at
    all. Everything else is as it was.

    Args:
        base: the model's directory.
        manifest: the base's.
        adapter: a file of the form that `adapter` tells of.
        destination: an absolute path from `check_destination`.
        scale: what the low-rank products are multiplied by.
        training: what the adapter came from, for the manifest.
        texts: further files by name.
        replace_existing: whether an existing directory is replaced.
        progress: called with the stages "write" and "verify" and bytes.

    Raises `ConversionError`.
    """
    adaptation = Adaptation.read(adapter)
    tensors = read_tensors(sorted(p for p in base.iterdir() if is_weights(p.name)))
    check_fit(adaptation, tensors, str(adapter))
    try:
        config = read_config(base)
    except BackendError as error:
        raise ConversionError(str(error)) from error
    genesis = config.get("model_type") == GENESIS
    outputs = dict(_outputs(tensors, adaptation, config, scale, genesis))
    floats = Counter(o.dtype for o in outputs.values() if o.dtype in FLOATS)
    packed = any(output.dtype == PACKED for output in outputs.values())
    names = {stored: str(dtype) for stored, dtype in STORED.items()}
    with new_directory(
        destination,
        replace=replace_existing,
        waiting=lambda: progress("wait", 0, 0),
        sources=[base / WEIGHTS, adapter],
    ) as directory:
        _write(directory / WEIGHTS, outputs, progress)
        _copy_small_files(base, directory)
        for name, text in texts.items():
            (directory / name).write_text(text, encoding="utf-8")
        left = _without_modules(config, adaptation, packed)
        (directory / CONFIG).write_text(
            json.dumps(left, indent=2) + "\n", encoding="utf-8"
        )
        fused = replace(
            manifest,
            name=destination.name,
            files=file_records(directory, progress),
            dtype=names[next(iter(floats))] if len(floats) == 1 else "mixed",
            quantization=manifest.quantization if packed else None,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            training=training,
        )
        (directory / MANIFEST).write_text(fused.to_json(), encoding="utf-8")
    return fused


def check_fit(
    adaptation: Adaptation, tensors: Mapping[str, StoredTensor], where: str
) -> None:
    """Raise `ConversionError` if a model has no place for some of an adapter."""
    if misfits := adaptation.misfits(tensors):
        more = " and more" if len(misfits) > 3 else ""
        raise ConversionError(
            f"{shown(where)} does not fit the model at "
            f"{shown(', '.join(misfits[:3]))}{more}."
        )


def _outputs(
    tensors: Mapping[str, StoredTensor],
    adaptation: Adaptation,
    config: Mapping[str, Any],
    scale: float,
    genesis: bool,
) -> Iterator[tuple[str, Output]]:
    """Every tensor of the fused model by name, whole modules together."""
    packed = {n.removesuffix(".scales") for n in tensors if n.endswith(".scales")}
    unpacking = packed & adaptation.changes.keys()
    if unpacking and genesis:
        unpacking = packed
    bits = (config.get("quantization") or {}).get("bits", 0)
    for name, tensor in tensors.items():
        module, _, last = name.rpartition(".")
        if module in unpacking and last in ("scales", "biases"):
            continue
        changed = last == "weight" and module in (adaptation.changes.keys() | unpacking)
        if not changed and name not in adaptation.replaced:
            yield name, Output(tensor.dtype, tensor.values.shape, _as_stored(tensor))
            continue
        shape = tensor.values.shape
        if module in unpacking and last == "weight":
            change = adaptation.changes.get(module)
            columns = columns_of(change, shape[0]) if change else shape[-1] * 32 // bits
            shape = (*shape[:-1], columns)
            own = tensors[f"{module}.scales"].dtype
        else:
            own = tensor.dtype
        stored = "F32" if genesis else own

        def made(
            name: str = name, shape: tuple[int, ...] = shape, stored: str = stored
        ) -> Iterator[NDArray[Any]]:
            yield cast(
                _adapted(name, shape, tensors, adaptation, scale), STORED[stored]
            )

        yield name, Output(stored, shape, made)


def _adapted(
    name: str,
    shape: tuple[int, ...],
    tensors: Mapping[str, StoredTensor],
    adaptation: Adaptation,
    scale: float,
) -> NDArray[np.float32]:
    """A tensor as the adapter makes it, unpacked, in float32."""
    if name in adaptation.replaced:
        return adaptation.replaced[name].rows()
    module = name.removesuffix(".weight")
    if is_packed(tensors, module):
        weight = unpacked_weight(tensors, module, shape[-1])
    else:
        weight = tensors[name].rows()
    change = adaptation.changes.get(module)
    return weight if change is None else change.applied(weight, scale)


def _as_stored(tensor: StoredTensor) -> Callable[[], Iterator[NDArray[Any]]]:
    def pieces() -> Iterator[NDArray[Any]]:
        flat = tensor.values.reshape(-1)
        for first in range(0, flat.size, PIECE):
            yield flat[first : first + PIECE]

    return pieces


def _write(path: Path, outputs: Mapping[str, Output], progress: Progress) -> None:
    ordered = sorted(outputs.items(), key=lambda item: -ITEM_BYTES[item[1].dtype])
    entries = {name: (output.dtype, output.shape) for name, output in ordered}
    with SafetensorsWriter(path, entries) as writer:
        for name, output in ordered:
            for piece in output.pieces():
                writer.append(name, to_bytes(piece))
                progress("write", writer.done, writer.total)


def _copy_small_files(base: Path, directory: Path) -> None:
    others = {CONFIG, MANIFEST, INDEX}
    for path in base.iterdir():
        if path.suffix in SMALL_FILES and path.name not in others and path.is_file():
            try:
                shutil.copyfile(path, directory / path.name)
            except OSError as error:
                raise ConversionError(
                    f"{shown(str(path))} cannot be read: {reason(error)}."
                ) from error


def _without_modules(
    config: Mapping[str, Any], adaptation: Adaptation, packed: bool
) -> dict[str, Any]:
    """The configuration, in which nothing is said to be quantised that is not."""
    left = dict(config)
    for key in QUANTIZATION:
        if not packed:
            left.pop(key, None)
        elif isinstance(steps := left.get(key), dict):
            left[key] = {k: v for k, v in steps.items() if k not in adaptation.changes}
    return left
