"""Where files live. Nothing here touches the disk except `private_directory`."""

import os
from pathlib import Path

import platformdirs

APPLICATION = "genesis-chat"


def data_directory() -> Path:
    """Conversations and models: `$GENESIS_CHAT_HOME`, or the platform's folder."""
    home = os.environ.get("GENESIS_CHAT_HOME")
    if home:
        return Path(home).expanduser().absolute()
    return platformdirs.user_data_path(APPLICATION, appauthor=False)


def models_directory() -> Path:
    """One folder per installed model."""
    return data_directory() / "models"


def private_directory(path: Path) -> Path:
    """Create a directory only its owner can read, with its parents.

    Raises `OSError`.
    """
    for directory in reversed((path, *path.parents)):
        if not directory.exists():
            directory.mkdir(mode=0o700, exist_ok=True)
    return path
