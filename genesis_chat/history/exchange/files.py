"""Exports as files."""

from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from ...errors import HistoryError, UsageError
from ...text_files import new_file
from .export import Exported, export_json, export_jsonl, export_markdown

WRITERS = {
    "json": export_json,
    "jsonl": export_jsonl,
    "markdown": export_markdown,
}


ENDINGS = {".json": "json", ".jsonl": "jsonl", ".md": "markdown"}


def format_of(output: Path) -> str:
    """The format that a file's name asks for. Raises `UsageError`."""
    form = ENDINGS.get(output.suffix.lower())
    if form is None:
        raise UsageError("The file name must end in .md, .json or .jsonl.")
    return form


def write(chosen: Sequence[Exported], form: str, stream: TextIO) -> None:
    """Write conversations in one of the formats. Raises `OSError`."""
    WRITERS[form](list(chosen), stream)


def write_file(
    chosen: Sequence[Exported], form: str, output: Path, *, replace: bool = False
) -> None:
    """Write a file that only its owner can read; it appears whole or not at all.

    Raises `HistoryError`, also when the file exists and is not to be replaced.
    """
    try:
        if output.exists() and not replace:
            raise HistoryError(f"{output} already exists; choose another file.")
        with (
            new_file(output, sync=True) as file,
            TextIOWrapper(file.create(), encoding="utf-8", newline="") as stream,
        ):
            write(chosen, form, stream)
    except (OSError, ValueError) as error:
        # A path with a NUL, or without a name, is a value error.
        reason = getattr(error, "strerror", None) or error
        raise HistoryError(
            f"{output} could not be written: {reason}. Choose another file."
        ) from error
