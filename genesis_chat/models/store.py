"""The folder of installed models.

A model is a directory whose manifest reads; the default model's name is a file
beside them. Nothing here loads weights.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError, UsageError
from ..paths import models_directory, private_directory

if TYPE_CHECKING:
    from converters import Manifest

BUILTIN = "builtin"
DEFAULT_FILE = "default"
RESERVED = (BUILTIN, DEFAULT_FILE)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class InstalledModel:
    """A converted model on disk; `manifest` is None when it does not read."""

    name: str
    directory: Path
    manifest: "Manifest | None"
    problem: str | None = None

    @property
    def sha256(self) -> str | None:
        """The weights file's, as recorded when it was written."""
        from converters.manifest import WEIGHTS

        return self.manifest.files[WEIGHTS].sha256 if self.manifest else None

    @property
    def bytes(self) -> int:
        """Size of its files on disk."""
        files = self.directory.iterdir()
        return sum(file.stat().st_size for file in files if file.is_file())


def check_name(name: str) -> str:
    """The name, if a model may be installed under it. Raises `UsageError`.

    Reserved names are so in any case: the file system may not tell them apart.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be a model's name: use up to 64 letters, digits, dots, "
            "dashes and underscores, beginning with a letter or digit."
        )
    if name.lower() == BUILTIN:
        raise UsageError(
            f"{name!r} is the built-in model, which cannot be removed or replaced; for "
            "another model choose another name."
        )
    if name.lower() in RESERVED:
        raise UsageError(f"{name!r} is reserved; choose another name.")
    return name


def open_directory(directory: Path, name: str | None = None) -> InstalledModel:
    """Look at a model directory; a damaged one has a `problem`."""
    from converters import ConversionError, read_manifest

    name = name or directory.name
    try:
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
            problem = f"{path} is missing or has another size than its manifest says."
            return InstalledModel(name, directory, manifest, problem)
    return InstalledModel(name, directory, manifest)


def installed() -> list[InstalledModel]:
    """All installed models but the built-in one, oldest first. Raises `ModelError`."""
    models = models_directory()
    _recover(models)
    try:
        paths = [path for path in models.iterdir() if path.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ModelError(
            f"The models' folder {models} cannot be read: {error.strerror}."
        ) from error
    found = [
        open_directory(path)
        for path in paths
        if NAME.fullmatch(path.name) and path.name != BUILTIN
    ]
    return sorted(found, key=lambda m: m.manifest.created if m.manifest else "~")


def find(name: str) -> InstalledModel:
    """An installed model, the built-in one apart. Raises `UsageError`, `ModelError`."""
    directory = models_directory() / check_name(name)
    _recover(models_directory())
    if not directory.is_dir():
        names = ", ".join([*(model.name for model in installed()), BUILTIN])
        raise ModelError(f"No model is called {name!r}; there are: {names}.")
    return open_directory(directory)


def default_name() -> str:
    """The default model's name: the one set, else the oldest, else the built-in."""
    file = models_directory() / DEFAULT_FILE
    try:
        name = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        name = ""
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{file} cannot be read; remove it, or set the default again with "
            "genesis-chat models default NAME."
        ) from error
    known = NAME.fullmatch(name) and (models_directory() / name).is_dir()
    if name == BUILTIN or known:
        return name
    usable = [model for model in installed() if not model.problem]
    return usable[0].name if usable else BUILTIN


def set_default(name: str) -> None:
    """Make an installed model, or the built-in one, the default."""
    if name != BUILTIN:
        find(name)
    file = models_directory() / DEFAULT_FILE
    try:
        partial = private_directory(file.parent) / f".{DEFAULT_FILE}.{os.getpid()}"
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(f"{name}\n")
        os.replace(partial, file)
    except OSError as error:
        raise ModelError(f"{file} cannot be written: {error.strerror}.") from error


def remove(name: str) -> None:
    """Delete an installed model; the built-in one stays. Raises `ModelError`."""
    from converters import ConversionError
    from converters.storage import remove_directory

    model = find(name)
    try:
        remove_directory(model.directory, waiting=lambda: None)
    except ConversionError as error:
        raise ModelError(str(error)) from error


def _recover(models: Path) -> None:
    """Put back a model whose replacement was killed half-way."""
    from converters import ConversionError
    from converters.storage import needs_recovery, recover_directories

    if not needs_recovery(models):
        return
    try:
        recover_directories(models)
    except ConversionError as error:
        raise ModelError(str(error)) from error
