"""Writing the folder of an adapter."""

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .adapter import ADAPTER_CONFIG, ADAPTERS, AdapterManifest
from .errors import ConversionError, reason, shown
from .manifest import MANIFEST
from .progress import Progress, silent
from .storage import new_directory
from .training_record import TrainingRecord
from .verification import file_records


def write_adapter(
    weights: Path,
    destination: Path,
    training: TrainingRecord,
    *,
    layers: int,
    texts: Mapping[str, str],
    replace: bool = False,
    progress: Progress = silent,
) -> AdapterManifest:
    """Make an adapter's folder, whole or not at all.

    Args:
        weights: the file that is to be its `adapters.safetensors`.
        destination: an absolute path from `check_destination`.
        training: what it came from; its settings have `rank`, `scale` and `dropout`.
        layers: how many of the last blocks it changes.
        texts: further files by name, such as the picture of its curves.
        replace: whether an existing folder is replaced.
        progress: called with the stage "verify" and bytes.

    Raises `ConversionError`.
    """
    parameters = _parameters(weights)
    config = {
        "fine_tune_type": training.method,
        "num_layers": layers,
        "lora_parameters": {
            name: training.settings[name] for name in ("rank", "scale", "dropout")
        },
    }
    with new_directory(
        destination, replace=replace, waiting=lambda: progress("wait", 0, 0)
    ) as directory:
        shutil.copyfile(weights, directory / ADAPTERS)
        (directory / ADAPTER_CONFIG).write_text(
            json.dumps(config, indent=2) + "\n", encoding="utf-8"
        )
        for name, text in texts.items():
            (directory / name).write_text(text, encoding="utf-8")
        manifest = AdapterManifest(
            name=destination.name,
            training=training,
            parameters=parameters,
            files=file_records(directory, progress),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        (directory / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return manifest


def _parameters(weights: Path) -> int:
    from safetensors import SafetensorError, safe_open

    def size(part: Any) -> int:
        count = 1
        for length in part.get_shape():
            count *= length
        return count

    try:
        with safe_open(str(weights), framework="numpy") as file:
            return sum(size(file.get_slice(name)) for name in file.keys())  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise ConversionError(
            f"{shown(str(weights))} cannot be read: {shown(why)}."
        ) from error
