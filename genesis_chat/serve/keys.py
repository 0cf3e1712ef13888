"""The keys that clients have to send."""

import os
import secrets
from pathlib import Path

from ..errors import UsageError
from ..text_files import LARGEST_WRITTEN, TextFileError, read_utf8

SHORTEST = 16
# Permissions of anybody but the owner.
OPEN = 0o077


def read_keys(path: Path) -> tuple[bytes, ...]:
    """The keys in a file, one a line. Raises `UsageError`."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            # What others may write need not be read, nor ever end.
            data = b"" if mode & OPEN else read_utf8(file, LARGEST_WRITTEN)
    except TextFileError as error:
        raise UsageError(f"{path} {error}; write a key on each line.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    if mode & OPEN:
        raise UsageError(f"{path} is open to others; run: chmod 600 {path}")
    keys = tuple(line.strip() for line in data.splitlines() if line.strip())
    if not keys or any(len(key) < SHORTEST or not _is_plain(key) for key in keys):
        raise UsageError(
            f"{path} must have a key on each line: {SHORTEST} letters and digits or "
            "more, without spaces."
        )
    return keys


def write_key(path: Path) -> None:
    """Write a file with a new key, which only its owner can read.

    Raises `UsageError`.
    """
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}. Choose another file."
        ) from error
    with open(number, "w", encoding="ascii") as file:
        file.write(f"{secrets.token_urlsafe(32)}\n")


def _is_plain(key: bytes) -> bool:
    return key.isascii() and all(0x20 < byte < 0x7F for byte in key)
