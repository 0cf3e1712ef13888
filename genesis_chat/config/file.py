"""Reading and changing the settings file."""

import os
import tomllib
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..paths import data_directory, private_directory
from .schema import Config, checked, find_key, parse

FILE = "config.toml"


def path() -> Path:
    """Where the settings file is, whether or not it exists."""
    return data_directory() / FILE


def read() -> dict[str, Any]:
    """What the file says, checked. Raises `ConfigError` or `UsageError`."""
    file = path()
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"The settings file {file} cannot be read: {reason}. Correct it, or move "
            "it away."
        ) from error
    where = str(file)
    return {
        name: checked(find_key(name, where), value, where)
        for name, value in values.items()
    }


def load() -> Config:
    """The settings. Raises `ConfigError` or `UsageError`."""
    return Config(**read())


def set_value(name: str, text: str) -> Any:
    """Write one setting, keeping all else as it stands; the value.

    `name` may be `keys.ACTION`. Raises `ConfigError` or `UsageError`.
    """
    key = find_key(name.partition(".")[0], "The settings file")
    action = name.partition(".")[2]
    document = _document()
    if action and key.kind is dict:
        value: Any = text
        document.setdefault(key.name, {})[action] = text
    else:
        if action:
            find_key(name, "The settings file")
        value = parse(key, text)
        document[key.name] = value
    _write(document)
    return value


def unset_value(name: str) -> bool:
    """Take one setting out, so that the default holds; whether it was there."""
    key = find_key(name.partition(".")[0], "The settings file")
    action = name.partition(".")[2]
    document = _document()
    table = document.get(key.name, {}) if action else document
    if (action or key.name) not in table:
        return False
    del table[action or key.name]
    _write(document)
    return True


def _document() -> Any:
    """The file with its comments."""
    import tomlkit

    # A file that cannot be read must not be written over.
    read()
    file = path()
    if not file.exists():
        return tomlkit.document()
    return tomlkit.parse(file.read_text(encoding="utf-8"))


def _write(document: Any) -> None:
    import tomlkit

    file = path()
    partial = file.with_name(f".{FILE}.{os.getpid()}")
    try:
        private_directory(file.parent)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with open(descriptor, "w", encoding="utf-8") as stream:
                stream.write(tomlkit.dumps(document))
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(partial, file)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}.") from error
