"""A file that appears whole or not at all, even when the process is killed."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# Nobody writes so long; what is older was left by a process that died.
STALE_SECONDS = 3600.0


@dataclass
class NewFile:
    """What is being written to `partial` and then gets the name `path`.

    `path` may be changed until then, for a name that depends on the content.
    """

    path: Path
    partial: Path

    def create(self) -> BinaryIO:
        """Make and open the partial file, which only its owner can ever read.

        Raises `OSError`.
        """
        # A process with the same id may have died here; a link must not be followed.
        self.partial.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        return open(os.open(self.partial, flags, 0o600), "wb")


@contextmanager
def new_file(path: Path, suffix: str = "", *, sync: bool = False) -> Iterator[NewFile]:
    """Write a file beside `path`, renamed to it at the end; deleted on any error.

    What stood there before is replaced. The partial file's name ends with `suffix`,
    for writers that heed it. With `sync` it is on the disk before it is renamed.
    Raises `OSError`.
    """
    file = NewFile(path, path.with_name(f".{path.name}.{os.getpid()}{suffix}"))
    try:
        yield file
        if sync:
            with file.partial.open("rb+") as stream:
                os.fsync(stream.fileno())
        os.replace(file.partial, file.path)
    finally:
        file.partial.unlink(missing_ok=True)


def remove_leftovers(path: Path) -> None:
    """Delete what killed processes left of files for `path`. Raises `OSError`."""
    for left in path.parent.glob(f".{path.name}.*"):
        if time.time() - left.stat().st_mtime > STALE_SECONDS:
            left.unlink(missing_ok=True)
