"""The model that is used when none is named."""

from ..errors import ModelError
from ..paths import models_directory
from ..text_files import (
    LARGEST_WRITTEN,
    TextFileError,
    read_text,
    replace_text,
)
from .folder import (
    BUILTIN,
    DEFAULT_FILE,
    folder_problem,
    is_hub_id,
    model_names,
    models_folder,
)
from .hub import from_hub
from .store import find, installed


def default_name() -> str:
    """The default model's name: the one set, else the oldest, else the built-in."""
    models = models_directory()
    file = models / DEFAULT_FILE
    try:
        found = read_text(file, LARGEST_WRITTEN, regular=True)
        # Our own file: bytes that are no text are damage, and not to be guessed at.
        if found.encoding != "UTF-8" or found.first is not None:
            raise TextFileError("is not UTF-8")
        name = found.text.strip()
    except (FileNotFoundError, NotADirectoryError):
        name = ""
    except (OSError, TextFileError) as error:
        raise ModelError(
            f"{file} cannot be read; remove it, or set the default again with "
            "genesis-chat models default NAME."
        ) from error
    if name == BUILTIN or name in model_names(models):
        return name
    if is_hub_id(name):
        return name
    # What one has trained oneself is used when one says so.
    usable = [each for each in installed() if not each.problem and not each.training]
    return usable[0].name if usable else BUILTIN


def set_default(name: str) -> None:
    """Make an installed model, or the built-in one, the default.

    Raises `UsageError`, `ModelError`.
    """
    if is_hub_id(name):
        if problem := from_hub(name).problem:
            raise ModelError(problem)
    elif name != BUILTIN:
        find(name)
    file = models_folder() / DEFAULT_FILE
    try:
        replace_text(file, f"{name}\n")
    except OSError as error:
        if file.is_dir():
            raise ModelError(f"{file} is a folder; remove it.") from error
        raise ModelError(folder_problem(file.parent, "written", error)) from error
