"""Writing a checkpoint in the form in which the reference saves its own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.genesis.args import ModelArgs
from backends.genesis.constants import ROTARY_BASE

from .arrays import DTYPES, to_bytes
from .configuration import METADATA_KEY
from .layout import source_shapes
from .names import place
from .writer import SafetensorsWriter

# Positions that the reference keeps rotary tables for, whatever the context is.
ROTARY_POSITIONS = 4096
# Numbers that the reference's metacognition notes while it is trained.
HISTORY = 100

Arrays = dict[str, NDArray[Any]]


def write_released(
    path: Path, config: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]
) -> None:
    """Write a checkpoint with all that a released one holds, in bfloat16.

    Args:
        path: the safetensors file, which is replaced if it is there.
        config: the reference's configuration, which goes into the metadata.
        tensors: parameters by the checkpoint's names; a tied head is left out.

    Raises:
        ConfigError: the configuration cannot be run.
        KeyError: a parameter is missing.
        OSError: the file cannot be written.
    """
    args = ModelArgs.from_config(dict(config))
    kind = DTYPES["bfloat16"]
    shapes = source_shapes(args)
    stored: Arrays = {
        name: np.ascontiguousarray(tensors[name], kind).reshape(shapes[name])
        for name in shapes
    }
    stored |= {name: value.astype(kind) for name, value in _tables(args).items()}
    counts: Arrays = {}
    if args.use_ttt:
        stored["metacognition.evolution_history"] = np.zeros(HISTORY, kind)
        counts["metacognition.evolution_idx"] = np.zeros((), np.int64)
    # In the order of the library that the reference saves with.
    stored = {**counts, **dict(sorted(stored.items()))}
    metadata = {"format": "pt", METADATA_KEY: json.dumps(dict(config))}
    entries = {
        name: ("I64" if name in counts else "BF16", array.shape)
        for name, array in stored.items()
    }
    with SafetensorsWriter(path, entries, metadata) as writer:
        for name, array in stored.items():
            writer.append(name, to_bytes(array))


def released_tensors(args: ModelArgs, tensors: Mapping[str, NDArray[Any]]) -> Arrays:
    """A converted model's tensors under the names, and in the parts, of a checkpoint.

    Raises `KeyError` for a tensor that is missing.
    """
    shapes = source_shapes(args)
    places = {name: spot for name in shapes if (spot := place(name))}
    found: Arrays = {}
    begins: dict[str, int] = {}
    for name, spot in sorted(places.items(), key=lambda item: item[1].part):
        rows, begin = shapes[name][0], begins.get(spot.target, 0)
        begins[spot.target] = begin + rows
        whole = tensors[spot.target]
        if spot.transform == "convolution":
            whole = whole.T[:, None]
        found[name] = whole[begin : begin + rows]
    return {name: found[name] for name in shapes}


def _tables(args: ModelArgs) -> Arrays:
    """The rotary tables of every block that has positions."""
    tables: Arrays = {}
    for index, kind in enumerate(args.layer_kinds):
        if kind == "fox":
            continue
        width = args.gla_rotary_width if kind == "gla" else args.head_dim
        powers = np.arange(0, width, 2, dtype=np.float32) / np.float32(width)
        # The power in double precision, which is how near the reference's comes.
        frequencies = 1 / (ROTARY_BASE ** powers.astype(float)).astype(np.float32)
        angles = np.outer(np.arange(ROTARY_POSITIONS, dtype=np.float32), frequencies)
        angles = np.tile(angles, 2)[None, None]
        rope = f"blocks.{index}.attn.rope"
        tables |= {
            f"{rope}.inv_freq": frequencies,
            f"{rope}.cos_cached": np.cos(angles),
            f"{rope}.sin_cached": np.sin(angles),
        }
    return tables
