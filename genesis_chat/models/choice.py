"""Which model is meant: a name, a path, or the default."""

import os
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..errors import ModelError
from .adapters import with_base
from .builtin import builtin, ensure_builtin
from .default import default_name
from .folder import BUILTIN, is_hub_id
from .hub import from_hub
from .store import InstalledModel, find, open_directory

# Beside the weights of whatever mlx-lm has written.
LIBRARY_INDEX = "model.safetensors.index.json"
MANIFEST = "manifest.json"
# Files of weights that can be converted.
CONVERTED = (".gguf", ".safetensors")


def choose(
    choice: str | os.PathLike[str] | None = None,
    preparing: Callable[[str], None] = lambda text: None,
) -> InstalledModel:
    """The model to use; look at its `problem` before that.

    An adapter is given as the model that it and its base make.

    Args:
        choice: an installed model's name, a path (whatever is no `str`, or has a
            separator or begins with a tilde), a repository of the Hub, owner/name,
            or None for the default.
        preparing: told what is done that takes a moment and is not done again.

    Raises:
        UsageError: a name no model can have.
        ModelError: there is no such model, or no base of an adapter.
    """
    found = _chosen(choice, preparing)
    if found.adapter is None or found.problem:
        return found
    return with_base(found, lambda name: choose(name, preparing), preparing)


def look(choice: str) -> InstalledModel:
    """What a name stands for as it is: nothing is prepared, adapters are themselves.

    Raises `UsageError`, `ModelError`.
    """
    return builtin() if choice == BUILTIN else _chosen(choice, lambda text: None)


def _chosen(
    choice: str | os.PathLike[str] | None, preparing: Callable[[str], None]
) -> InstalledModel:
    if choice is None:
        choice = default_name()
    if not isinstance(choice, str) or _is_path(choice):
        path = Path(os.path.expanduser(choice))
        if isinstance(choice, str) and is_hub_id(choice) and not os.path.exists(path):
            return from_hub(choice)
        # Unlike the method of `Path`, false for a path that is too long.
        if not os.path.isdir(path):
            raise ModelError(_no_directory(path))
        name, cached = path.resolve().name, False
        if found := _in_cache(path):
            (name, path), cached = found, True
        model = open_directory(path, name)
        unlisted = not (path / MANIFEST).exists() and model.folder is None
        if unlisted and (path / LIBRARY_INDEX).is_file():
            # Genesis by mlx-lm's converter, which writes no manifest; the loader checks
            # what it wrote.
            return InstalledModel(name, path, None, cached=cached)
        return replace(model, cached=cached)
    if choice == BUILTIN:
        return ensure_builtin(
            lambda: preparing("Preparing the built-in model (first run only)…")
        )
    return find(choice)


def _in_cache(path: Path) -> tuple[str, Path] | None:
    """The id and the snapshot of a repository in a cache of the Hub that a path is.

    Raises `ModelError`.
    """
    from converters import ConversionError
    from converters.hub_cache import cached_repository

    try:
        found = cached_repository(path)
        if found is None:
            return None
        repository, place = found
        inside = repository.commit(place) is not None
        return repository.id, place if inside else repository.snapshot()
    except ConversionError as error:
        raise ModelError(str(error)) from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} in the Hub's cache cannot be read: {error}") from (
            error
        )


def _no_directory(path: Path) -> str:
    """What to tell about a path that is no directory."""
    if path.suffix.lower() in CONVERTED and os.path.isfile(path):
        kind = "GGUF" if path.suffix.lower() == ".gguf" else "safetensors"
        return (
            f"{path} is a {kind} file; give the folder of a model, or convert the file "
            f"with: genesis-chat models convert {shlex.quote(str(path))}"
        )
    what = "is not a directory" if os.path.lexists(path) else "does not exist"
    return f"{path} {what}; a model is given by its name or its directory."


def _is_path(choice: str) -> bool:
    separators = [separator for separator in (os.sep, os.altsep) if separator]
    return choice.startswith("~") or any(s in choice for s in separators)
