"""Writing what was trained as a checkpoint in the released form."""

import json
from pathlib import Path
from shutil import copyfile
from typing import Any

from ...errors import GenesisChatError, ModelError
from .plan import LANGUAGE, STAGES
from .start import TOKENIZER, WEIGHTS


def release(folder: Path, destination: Path) -> Path:
    """Write a run's newest weights, and its tokenizer, into a folder.

    Stages that have not begun leave their weights as they were. Gives the folder.
    Raises `GenesisChatError` before the first checkpoint.
    """
    from backends.genesis.model_files import read_args
    from backends.mlx_training import result_weights
    from converters.released import released_tensors, write_released

    before = folder / f"before-{LANGUAGE}"
    tensors = _arrays(before / WEIGHTS)
    found = [result_weights(folder / stage) for stage in STAGES]
    if not any(found):
        raise GenesisChatError(
            f"The run in {folder} has no checkpoint yet; go on with --resume."
        )
    for path in filter(None, found):
        tensors |= _arrays(path)
    destination.mkdir(parents=True, exist_ok=True)
    named = released_tensors(read_args(before), tensors)
    write_released(destination / WEIGHTS, _config(folder), named)
    copyfile(before / TOKENIZER, destination / TOKENIZER)
    return destination


def convert_released(checkpoint: Path, directory: Path) -> None:
    """Make a model's directory of a released checkpoint, in place of what is there.

    Raises `ModelError`.
    """
    from converters import ConversionError, convert

    try:
        convert(checkpoint / WEIGHTS, directory, replace=True)
    except ConversionError as error:
        raise ModelError(str(error)) from error


def _config(folder: Path) -> dict[str, Any]:
    """The configuration in the checkpoint that the run began with."""
    from safetensors import safe_open

    with safe_open(folder / "start" / WEIGHTS, "numpy") as file:
        config: dict[str, Any] = json.loads(file.metadata()["genesis_config_json"])
    return config


def _arrays(path: Path) -> dict[str, Any]:
    from safetensors.numpy import load_file

    return load_file(path)
