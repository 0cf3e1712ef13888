"""`generation_config.json`: how a model's makers want its tokens drawn."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from .errors import ConfigError
from .sampling_settings import USUAL_SAMPLING, SamplingDefaults, fits
from .text_files import TextFileError, read_text

FILE = "generation_config.json"
LARGEST = 1 << 20
# What the format means where a file says that tokens are sampled, and not how.
UNSTATED = SamplingDefaults(temperature=1.0, top_k=50, top_p=1.0)


def read_sampling(directory: Path) -> tuple[SamplingDefaults, tuple[str, ...]]:
    """The defaults that the file in a model's directory states, or the usual ones.

    With them come warnings, a sentence for each value that cannot be followed and is
    passed over. Raises `ConfigError` when the file cannot be read.
    """
    path = directory / FILE
    stated = _read(path)
    found = UNSTATED if stated.get("do_sample") is True else USUAL_SAMPLING
    warnings = []
    for field in fields(SamplingDefaults):
        value = stated.get(field.name)
        if value is None:
            continue
        if field.type is int and value == -1:
            # Some makers write off so.
            value = 0
        if not fits(field.name, value):
            kept = getattr(found, field.name)
            warnings.append(
                f"{path} has no valid {field.name}, so {kept:g} is used; set "
                f"{field.name} yourself."
            )
            continue
        found = replace(found, **{field.name: field.type(value)})  # type: ignore[operator]
    if stated.get("do_sample") is False:
        found = replace(found, temperature=0.0)
    return found, tuple(warnings)


def _read(path: Path) -> dict[str, Any]:
    """The file's object; empty when there is no such file."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(read_text(path, LARGEST, regular=True).text)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except TextFileError as error:
        raise ConfigError(f"{path} {error}; correct it or move it away.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{path} is not valid JSON; correct it or move it away."
        ) from error
    if not isinstance(found, dict):
        raise ConfigError(f"{path} holds no JSON object; correct it or move it away.")
    return found
