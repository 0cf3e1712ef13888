"""Where files live. Nothing here touches the disk except `private_directory`."""

import os
from pathlib import Path

import platformdirs

from .errors import UsageError

APPLICATION = "genesis-chat"
# The states after each turn, in a folder beside the history.
SNAPSHOTS = "snapshots"


def data_directory() -> Path:
    """Conversations and models: `$GENESIS_CHAT_HOME`, or the platform's folder.

    Raises `UsageError` when the variable names a user that is not there or is not
    UTF-8, or when it is not set and this user has no home.
    """
    home = os.path.expanduser(os.environ.get("GENESIS_CHAT_HOME", ""))
    if home.startswith("~"):
        raise UsageError(
            f"GENESIS_CHAT_HOME is {home!r}, which names an unknown user; set it "
            "to a folder's path."
        )
    try:
        home.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"GENESIS_CHAT_HOME is {home!r}, which is not UTF-8; set it to another "
            "folder's path."
        ) from error
    if home:
        return Path(home).absolute()
    try:
        return platformdirs.user_data_path(APPLICATION, appauthor=False)
    except RuntimeError as error:
        raise UsageError(
            "You have no home folder here; set GENESIS_CHAT_HOME to a folder's path."
        ) from error


def user_path(text: str) -> Path:
    """A path as a person writes it, in which a tilde stands for a home folder.

    Raises `UsageError`, naming it, when it is none or nobody knows that folder.
    """
    home = os.path.expanduser(text)
    if home.startswith("~"):
        raise UsageError(
            f"The home folder at the start of {text} is unknown; write the whole "
            "path, or ./ before a name that begins with ~."
        )
    if "\0" in text:
        raise UsageError(
            f"{text} is not a path: it contains a NUL character. Remove it."
        )
    return Path(home)


def models_directory() -> Path:
    """One folder per installed model."""
    return data_directory() / "models"


def training_directory() -> Path:
    """One folder per training that is not over."""
    return data_directory() / "training"


def themes_directory() -> Path:
    """Themes of a person's own for the interface, beside the settings file."""
    return data_directory() / "themes"


def compiled_directory() -> Path | None:
    """Code compiled for this processor, in the folder of what can be made again."""
    folder = cache_directory()
    return None if folder is None else folder / "compiled"


def cache_directory() -> Path | None:
    """What can be made again, so that it can be deleted at any time.

    `$GENESIS_CHAT_CACHE`, or the platform's folder for such files; None for a user
    without a home.
    """
    cache = os.environ.get("GENESIS_CHAT_CACHE")
    if cache:
        return Path(cache).absolute()
    try:
        return platformdirs.user_cache_path(APPLICATION, appauthor=False)
    except RuntimeError:
        return None


def needed_cache_directory() -> Path:
    """The same for what cannot do without. Raises `UsageError`."""
    folder = cache_directory()
    if folder is None:
        raise UsageError(
            "You have no home folder here; set GENESIS_CHAT_CACHE to a folder's path."
        )
    return folder


def private_directory(path: Path) -> Path:
    """Create a directory only its owner can read, with its parents.

    Raises `OSError`.
    """
    for directory in reversed((path, *path.parents)):
        if not directory.exists():
            directory.mkdir(mode=0o700, exist_ok=True)
    return path
