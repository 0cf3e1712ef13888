"""An adapter: what a training adds to a model that stays as it is.

Its folder is one that mlx-lm's tools read as well: `adapters.safetensors` with
`lora_a` [columns, rank] and `lora_b` [rank, rows] for each matrix [rows, columns] that
was trained, DoRA's `m` [rows] beside them, and other parameters under their own names.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from .json_fields import count, typed
from .manifest import (
    CONFIG,
    CONVERTER,
    MANIFEST,
    FileRecord,
    Manifest,
    listed_files,
    read_content,
    read_manifest,
    whole_manifest,
)
from .tokenization.base import without_surrogates
from .training_record import TrainingRecord

ADAPTERS, ADAPTER_CONFIG = "adapters.safetensors", "adapter_config.json"
FORMAT_OF_ADAPTERS = 3


@dataclass(frozen=True)
class AdapterManifest:
    """An adapter's provenance.

    `parameters` counts the numbers in it; `created` is UTC in ISO 8601.
    """

    name: str
    training: TrainingRecord
    parameters: int
    files: Mapping[str, FileRecord]
    created: str
    format: int = FORMAT_OF_ADAPTERS
    converter: str = CONVERTER

    def to_json(self) -> str:
        """The text of `manifest.json`."""
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        return without_surrogates(text) + "\n"


def is_adapter(directory: Path) -> bool:
    """Whether a folder is an adapter's rather than a model's."""
    there = os.path.lexists(directory / ADAPTERS)
    return there and not os.path.lexists(directory / CONFIG)


def read_adapter(directory: Path | str) -> AdapterManifest:
    """Read an adapter's manifest.

    Raises `ConversionError` when it is missing, damaged or of a newer format.
    """
    path = Path(directory) / MANIFEST
    content = read_content(path, (FORMAT_OF_ADAPTERS,))
    with whole_manifest(path):
        files = listed_files(content)
        if ADAPTERS not in files:
            raise ValueError("it does not list the adapter's weights")
        return AdapterManifest(
            name=typed(content["name"], str),
            training=TrainingRecord.from_json(content["training"]),
            parameters=count(content["parameters"]),
            files=files,
            created=typed(content["created"], str),
            converter=typed(content["converter"], str),
        )


def read_either(directory: Path | str) -> Manifest | AdapterManifest:
    """The manifest of a model or of an adapter. Raises `ConversionError`."""
    if is_adapter(Path(directory)):
        return read_adapter(directory)
    return read_manifest(directory)
