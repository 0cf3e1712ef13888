"""Reading and changing the settings file."""

import tomllib
from pathlib import Path
from typing import Any

from ..errors import ConfigError, UsageError
from ..paths import data_directory
from ..settings import AUTO
from ..text_files import (
    LARGEST_WRITTEN,
    TextFileError,
    not_written,
    read_text,
    replace_text,
)
from .schema import Config, checked, find_key, parse

FILE = "config.toml"


def path() -> Path:
    """Where the settings file is, whether or not it exists."""
    return data_directory() / FILE


def read() -> dict[str, Any]:
    """What the file says, checked. Raises `ConfigError` or `UsageError`."""
    file = path()
    try:
        values = tomllib.loads(_text(file))
    except FileNotFoundError:
        return {}
    except NotADirectoryError as error:
        raise ConfigError(
            f"The data folder {file.parent} is or lies in a file; move that away, or "
            "set GENESIS_CHAT_HOME to another folder's path."
        ) from error
    except (OSError, ValueError, TextFileError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        if isinstance(error, TextFileError):
            reason = f"it {error}"
        raise ConfigError(
            f"The settings file {file} cannot be read: {reason}. Correct it or move "
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
    key = find_key(name.partition(".")[0], "the settings")
    action = name.partition(".")[2]
    document = _document()
    if action and key.kind is dict:
        value: Any = text
        document.setdefault(key.name, {})[action] = text
    else:
        if action:
            find_key(name, "the settings")
        value = parse(key, text)
        # TOML has no null.
        document[key.name] = AUTO if value is None else value
    _write(document)
    return value


def unset_value(name: str) -> bool:
    """Take one setting out, so that the default holds; whether it was there."""
    key = find_key(name.partition(".")[0], "the settings")
    action = name.partition(".")[2]
    document = _document()
    table = document.get(key.name, {}) if action else document
    if (action or key.name) not in table:
        return False
    del table[action or key.name]
    _write(document)
    return True


def _text(file: Path) -> str:
    """Raises `OSError`, `TextFileError`."""
    found = read_text(file, LARGEST_WRITTEN, regular=True)
    if found.first is not None:
        raise TextFileError(f"is not {found.encoding} at byte {found.first:,}")
    return found.text


def _document() -> Any:
    """The file with its comments."""
    import tomlkit

    # A file that cannot be read must not be written over.
    read()
    file = path()
    return tomlkit.parse(_text(file)) if file.exists() else tomlkit.document()


def _write(document: Any) -> None:
    import tomlkit

    file = path()
    try:
        replace_text(file, tomlkit.dumps(document))
    except UnicodeEncodeError as error:
        raise UsageError("The value is not valid text; write it in UTF-8.") from error
    except OSError as error:
        raise ConfigError(not_written(file, error)) from error
