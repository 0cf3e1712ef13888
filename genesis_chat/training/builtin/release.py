"""Writing what was trained as a checkpoint in the released form."""

import json
from pathlib import Path
from shutil import copyfile
from typing import Any

from ...errors import GenesisChatError, ModelError
from .plan import LANGUAGE, SHARES, STAGES
from .start import TOKENIZER, WEIGHTS

Arrays = dict[str, Any]


def release(folder: Path, destination: Path) -> Path:
    """Write a run's newest weights, and its tokenizer, into a folder.

    Stages that have not begun leave their weights as they were; of some only a part of
    the way is gone (`SHARES`). Gives the folder.
    Raises `GenesisChatError` before the first checkpoint.
    """
    from backends.genesis.model_files import read_args
    from backends.mlx_training import result_weights
    from converters.released import released_tensors, write_released

    before = folder / f"before-{LANGUAGE}"
    found = {stage: result_weights(folder / stage) for stage in STAGES}
    if not any(found.values()):
        raise GenesisChatError(
            f"The run in {folder} has no checkpoint yet; go on with --resume."
        )
    tensors = _arrays(before / WEIGHTS)
    for stage, path in found.items():
        if path:
            tensors = _moved(tensors, _arrays(path), SHARES.get(stage, 1.0))
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


def _moved(tensors: Arrays, towards: Arrays, share: float) -> Arrays:
    """Tensors with those of `towards`, a share of the way from where they were."""
    if share == 1:
        return tensors | towards
    between = {
        name: (1 - share) * tensors[name] + share * array
        for name, array in towards.items()
    }
    return tensors | between


def _config(folder: Path) -> dict[str, Any]:
    """The configuration in the checkpoint that the run began with."""
    from safetensors import safe_open

    with safe_open(folder / "start" / WEIGHTS, "numpy") as file:
        config: dict[str, Any] = json.loads(file.metadata()["genesis_config_json"])
    return config


def _arrays(path: Path) -> dict[str, Any]:
    from safetensors.numpy import load_file

    return load_file(path)
