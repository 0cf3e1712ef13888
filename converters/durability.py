"""Making files and names survive a power cut."""

import os
import sys
from contextlib import suppress
from pathlib import Path


def sync_file(path: Path) -> None:
    """Make a file's data durable."""
    # Windows syncs only what may be written.
    with path.open("rb+") as file:
        _sync(file.fileno())


def sync_directory(path: Path) -> None:
    """Make a directory's names durable, where the system has such a thing."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        _sync(handle)
    finally:
        os.close(handle)


def _sync(handle: int) -> None:
    if sys.platform == "darwin":
        import fcntl

        # fsync leaves data in the drive's cache there; not every file system knows
        # the stronger call.
        with suppress(OSError):
            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
            return
    os.fsync(handle)


def sync_tree(directory: Path) -> None:
    """Make a directory and the files in it durable."""
    for path in directory.iterdir():
        sync_file(path)
    sync_directory(directory)
