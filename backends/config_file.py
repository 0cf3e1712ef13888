"""`config.json`, which says what family a model is of."""

import json
from pathlib import Path
from typing import Any

from .errors import ConfigError
from .stand_ins import stand_in
from .text_files import TextFileError, read_text

LARGEST_CONFIG = 1 << 20


def read_config(directory: Path) -> dict[str, Any]:
    """The configuration in a model's directory. Raises `ConfigError`."""
    path = directory / "config.json"
    text = ""
    try:
        text = read_text(path, LARGEST_CONFIG, regular=True).text
        config = json.loads(text)
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path} is missing; convert the model with `genesis-chat models convert`."
        ) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except TextFileError as error:
        raise ConfigError(f"{path} {error}; convert the model again.") from error
    except (ValueError, RecursionError) as error:
        if clause := stand_in(text.encode("utf-8", "replace")):
            raise ConfigError(f"{path} {clause}.") from error
        raise ConfigError(f"{path} is not valid JSON; convert the model again.") from (
            error
        )
    if not isinstance(config, dict):
        raise ConfigError(f"{path} does not describe a model.")
    if "model_type" not in config and (clause := stand_in(text.encode())):
        raise ConfigError(f"{path} {clause}.")
    return config


def read_model_type(directory: Path) -> str:
    """The family of the model in a directory. Raises `ConfigError`."""
    model_type = read_config(directory).get("model_type")
    if not isinstance(model_type, str) or not model_type:
        raise ConfigError(
            f"{directory / 'config.json'} does not say what it describes: it has no "
            "model_type."
        )
    return model_type
