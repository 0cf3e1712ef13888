"""The index of weights in several files: `model.safetensors.index.json`."""

import json
import os
from pathlib import Path

from .errors import WeightsError
from .text_files import LARGEST_JSON, TextFileError, read_text

INDEX = "model.safetensors.index.json"


def indexed_files(directory: Path) -> list[str] | None:
    """Names of the files that a folder's index is for; None where it has no index.

    Raises `WeightsError`, also for what is no name of a file in the folder.
    """
    path = directory / INDEX
    if not os.path.lexists(path):
        return None
    try:
        index = json.loads(read_text(path, LARGEST_JSON, regular=True).text)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError, TextFileError) as error:
        raise WeightsError(f"{path} is not valid JSON; get the model again.") from error
    places = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(places, dict) or not all(map(_is_name, places.values())):
        raise WeightsError(f"{path} names no files; get the model again.")
    return sorted({*places.values()})


def _is_name(name: object) -> bool:
    return isinstance(name, str) and name == Path(name).name and name not in ("", "..")
