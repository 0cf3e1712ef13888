"""The folder of installed models.

A model is a directory whose manifest reads; the default model's name is a file
beside them. Nothing here loads weights.
"""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError, UsageError
from ..paths import models_directory, private_directory

if TYPE_CHECKING:
    from converters import Manifest

BUILTIN = "builtin"
DEFAULT_FILE = "default"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class InstalledModel:
    """A converted model on disk; `manifest` is None when it does not read."""

    name: str
    directory: Path
    manifest: "Manifest | None"
    problem: str | None = None

    @property
    def bytes(self) -> int:
        """Size of its files on disk."""
        files = self.directory.iterdir()
        return sum(file.stat().st_size for file in files if file.is_file())


def check_name(name: str) -> str:
    """The name, if a model may be called so. Raises `UsageError`."""
    if NAME.fullmatch(name) and name != DEFAULT_FILE:
        return name
    raise UsageError(
        f"{name!r} cannot be a model's name: use up to 64 letters, digits, dots, "
        "dashes and underscores, beginning with a letter or digit."
    )


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
        if not path.is_file() or path.stat().st_size != record.bytes:
            problem = f"{path} is missing or has another size than its manifest says."
            return InstalledModel(name, directory, manifest, problem)
    return InstalledModel(name, directory, manifest)


def installed() -> list[InstalledModel]:
    """All installed models but the built-in one, oldest first."""
    models = models_directory()
    if not models.is_dir():
        return []
    found = [
        open_directory(path)
        for path in models.iterdir()
        if path.is_dir() and NAME.fullmatch(path.name) and path.name != BUILTIN
    ]
    return sorted(found, key=lambda m: m.manifest.created if m.manifest else "~")


def find(name: str) -> InstalledModel:
    """An installed model. Raises `UsageError` or `ModelError`."""
    directory = models_directory() / check_name(name)
    if not directory.is_dir():
        names = ", ".join([*(model.name for model in installed()), BUILTIN])
        raise ModelError(f"No model is called {name!r}; there are: {names}.")
    return open_directory(directory)


def choose(choice: str | None) -> InstalledModel | None:
    """The model to use: a name, a path, or None for the default.

    Returns None for the built-in model, which may still have to be converted.
    Raises `UsageError` or `ModelError`.
    """
    if choice is None:
        choice = default_name()
    if choice == BUILTIN:
        return None
    is_path = os.sep in choice or (os.altsep is not None and os.altsep in choice)
    if not is_path:
        model = find(choice)
    elif Path(choice).is_dir():
        model = open_directory(Path(choice))
    else:
        raise ModelError(f"{choice} is not a directory; -m takes a name or a path.")
    if model.problem:
        raise ModelError(model.problem)
    return model


def default_name() -> str:
    """The default model's name: the one set, else the oldest, else the built-in."""
    file = models_directory() / DEFAULT_FILE
    try:
        name = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        name = ""
    if name and (name == BUILTIN or (models_directory() / name).is_dir()):
        return name
    usable = [model for model in installed() if not model.problem]
    return usable[0].name if usable else BUILTIN


def set_default(name: str) -> None:
    """Make an installed model, or the built-in one, the default."""
    if name != BUILTIN:
        find(name)
    directory = private_directory(models_directory())
    partial = directory / f".{DEFAULT_FILE}.{os.getpid()}"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{name}\n")
    os.replace(partial, directory / DEFAULT_FILE)


def remove(name: str) -> None:
    """Delete an installed model; the built-in one stays."""
    if name == BUILTIN:
        raise UsageError("The built-in model cannot be removed.")
    model = find(name)
    # Renamed first, so that an interruption leaves no half model under its name.
    gone = model.directory.with_name(f".removed-{name}-{os.getpid()}")
    os.replace(model.directory, gone)
    shutil.rmtree(gone)
