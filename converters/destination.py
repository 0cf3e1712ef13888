"""Where a converted model may be written, and why it could not be."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from .adapter import read_either
from .errors import ConversionError, DestinationExistsError, reason, shown
from .tokenization.base import without_surrogates


def check_destination(
    destination: Path, *, replace: bool, sources: Sequence[Path] = ()
) -> Path:
    """The destination as an absolute path, checked before anything is written.

    Only a converted model or an empty directory may be replaced, and none that holds
    one of the `sources`. Raises `DestinationExistsError` when it is taken and
    `replace` is not set, and `ConversionError` when it cannot be a model directory.
    """
    text = os.fspath(destination)
    if "\0" in text or not text.strip() or text != without_surrogates(text):
        raise ConversionError("The destination is not a valid path.")
    if (home := os.path.expanduser(text)).startswith("~"):
        raise ConversionError(
            f"{shown(text)} begins with a user nobody knows here; write ./ before it "
            "if that is a folder's name."
        )
    path = Path(os.path.abspath(home))
    if not path.name or path.name.startswith("."):
        raise ConversionError(
            f"{shown(text)} cannot be a model's directory; choose a name that does "
            "not begin with a dot."
        )
    try:
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise ConversionError(
                f"{shown(text)} is in the way and is not a directory; "
                "choose another destination."
            )
        if path.exists() and not replace:
            raise DestinationExistsError(
                f"{shown(text)} already exists; remove it, choose another destination "
                "or ask for it to be replaced."
            )
        if path.exists():
            _check_replaceable(path, sources)
    except OSError as error:
        raise write_error(path, error) from error
    return path


def _check_replaceable(path: Path, sources: Sequence[Path]) -> None:
    inside = [s for s in sources if s.resolve().is_relative_to(path.resolve())]
    if inside:
        raise ConversionError(
            f"{shown(str(path))} holds {shown(inside[0].name)}, which is being "
            "converted; choose another destination."
        )
    if any(path.iterdir()):
        try:
            read_either(path)
        except ConversionError as error:
            raise ConversionError(
                f"{shown(str(path))} is not a converted model, so it is not replaced; "
                "remove it yourself or choose another destination."
            ) from error


def write_error(destination: Path, error: OSError) -> ConversionError:
    """A sentence about an error of the file system."""
    where = shown(str(destination))
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ConversionError(
            f"There is no space left to write {where}; free some and try again."
        )
    return ConversionError(
        f"{where} cannot be written: {reason(error)}; choose another destination."
    )
