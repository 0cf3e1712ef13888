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

    Raises `UsageError` when the variable names a user that is not there.
    """
    home = os.path.expanduser(os.environ.get("GENESIS_CHAT_HOME", ""))
    if home.startswith("~"):
        raise UsageError(
            f"GENESIS_CHAT_HOME is {home!r}, which begins with a user nobody knows "
            "here; set it to a folder's path."
        )
    if home:
        return Path(home).absolute()
    return platformdirs.user_data_path(APPLICATION, appauthor=False)


def models_directory() -> Path:
    """One folder per installed model."""
    return data_directory() / "models"


def compiled_directory() -> Path:
    """Code compiled for this processor; can be deleted at any time.

    `$GENESIS_CHAT_CACHE`, or the platform's folder for what can be made again.
    """
    cache = os.environ.get("GENESIS_CHAT_CACHE")
    if cache:
        return Path(cache).absolute() / "compiled"
    return platformdirs.user_cache_path(APPLICATION, appauthor=False) / "compiled"


def private_directory(path: Path) -> Path:
    """Create a directory only its owner can read, with its parents.

    Raises `OSError`.
    """
    for directory in reversed((path, *path.parents)):
        if not directory.exists():
            directory.mkdir(mode=0o700, exist_ok=True)
    return path
