"""Text files of a person: reading any of them, and replacing one safely."""

import os
import stat
from contextlib import suppress
from errno import EDQUOT, ELOOP, ENOSPC, EROFS
from pathlib import Path

from backends.new_file import new_file
from backends.stand_ins import SNIFFED_BYTES, stand_in
from backends.text_files import (
    Readable,
    Text,
    TextFileError,
    TooLargeError,
    decode_text,
    encoding_of,
    read_text,
    read_utf8,
)

from .paths import private_directory

# A million tokens and more: no context holds them.
LARGEST_PROMPT = 4 << 20
# Settings and system prompts are written by hand.
LARGEST_WRITTEN = 1 << 20

__all__ = [
    "LARGEST_PROMPT",
    "LARGEST_WRITTEN",
    "SNIFFED_BYTES",
    "Readable",
    "Text",
    "TextFileError",
    "TooLargeError",
    "decode_text",
    "encoding_of",
    "linked",
    "new_file",
    "not_written",
    "read_text",
    "read_utf8",
    "replace_text",
    "stand_in",
    "stand_in_at",
]


def stand_in_at(path: Path) -> str:
    """What lies in a file's place, as a clause; empty when nothing is seen or read."""
    with suppress(OSError), path.open("rb") as file:
        return stand_in(file.read(SNIFFED_BYTES))
    return ""


def not_written(path: Path, error: OSError) -> str:
    """What to tell about a file that could not be written."""
    advice = "Check its permissions."
    if error.errno in (ENOSPC, EDQUOT):
        advice = "Free some space and try again."
    elif error.errno == EROFS:
        advice = "Set GENESIS_CHAT_HOME to a folder that can be written."
    return f"{path} cannot be written: {error.strerror}. {advice}"


def linked(path: Path) -> Path:
    """The file that a path leads to through symbolic links, whether or not it exists.

    Raises `OSError` when the links lead in a circle.
    """
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise OSError(ELOOP, os.strerror(ELOOP), str(path))
    return target


def replace_text(path: Path, text: str) -> None:
    """Write a file in UTF-8 that its owner alone can read; all of it or nothing.

    A symbolic link stays one: the file it leads to is replaced, and keeps its
    permissions. Raises `OSError`, `UnicodeEncodeError`.
    """
    private_directory(path.parent)
    target = linked(path)
    kept = path.is_symlink() and target.exists()
    mode = stat.S_IMODE(target.stat().st_mode) if kept else 0o600
    with new_file(target, sync=True) as file:
        with file.create() as stream:
            stream.write(text.encode())
        file.partial.chmod(mode)
