"""The folder of installed models: its path, the names in it, what may go wrong."""

import re
from pathlib import Path

from ..errors import ModelError, UsageError
from ..paths import models_directory, private_directory

BUILTIN = "builtin"
DEFAULT_FILE = "default"
RESERVED = (BUILTIN, DEFAULT_FILE)
HUB_ID = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*"
    r"(@[A-Za-z0-9][A-Za-z0-9._/-]*)?"
)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def models_folder() -> Path:
    """The folder of models, made if need be. Raises `ModelError`."""
    models = models_directory()
    try:
        return private_directory(models)
    except OSError as error:
        raise ModelError(folder_problem(models, "created", error)) from error


def folder_problem(models: Path, action: str, error: OSError) -> str:
    """What to tell about a folder of models that cannot be used."""
    from converters.errors import reason

    return (
        f"The models folder {models} cannot be {action}: {reason(error)}; set "
        "GENESIS_CHAT_HOME to a folder of yours."
    )


def is_hub_id(choice: str) -> bool:
    """Whether a choice has the form of a repository of the Hub, owner/name[@revision].

    A revision that leads out of its folder has not.
    """
    return HUB_ID.fullmatch(choice) is not None and ".." not in choice.split("/")


def check_name(name: str) -> str:
    """The name, if a model may be installed under it. Raises `UsageError`.

    Reserved names are so in any case: the file system may not tell them apart.
    """
    check_form(name)
    if name.lower() == BUILTIN:
        raise UsageError(
            f"{name!r} is the built-in model, which cannot be removed or replaced; for "
            "another model choose another name with --name."
        )
    if name.lower() in RESERVED:
        raise UsageError(f"{name!r} is reserved; choose another name with --name.")
    return name


def check_form(name: str) -> None:
    """Raise `UsageError` if no model can have the name."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name[:80]!r} cannot be a model's name: use up to 64 letters, digits, "
            "dots, dashes and underscores, beginning with a letter or digit."
        )


def model_names(models: Path) -> list[str]:
    """Names of the models there, sorted. Raises `ModelError`.

    What killed processes left is put right first. The folder is read until it is the
    same twice: a model that is being replaced is gone for a moment.
    """
    names: list[str] | None = None
    while True:
        _recover(models)
        before, names = names, _listed(models)
        if names == before:
            return names


def _listed(models: Path) -> list[str]:
    try:
        paths = [path for path in models.iterdir() if path.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ModelError(folder_problem(models, "read", error)) from error
    return sorted(
        path.name
        for path in paths
        if NAME.fullmatch(path.name) and path.name.lower() not in RESERVED
    )


def _recover(models: Path) -> None:
    """Put back a model whose replacement was killed half-way."""
    from converters import ConversionError
    from converters.storage import needs_recovery, recover_directories

    try:
        if needs_recovery(models):
            recover_directories(models)
    except ConversionError as error:
        raise ModelError(str(error)) from error
    except OSError as error:
        raise ModelError(folder_problem(models, "read", error)) from error
