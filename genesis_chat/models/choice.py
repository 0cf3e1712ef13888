"""Which model is meant: a name, a path, or the default."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path

from ..errors import ModelError
from .builtin import ensure_builtin
from .default import default_name
from .folder import BUILTIN, is_hub_id
from .hub import from_hub
from .store import InstalledModel, find, open_directory

# Beside the weights of whatever mlx-lm has written.
LIBRARY_INDEX = "model.safetensors.index.json"
MANIFEST = "manifest.json"


def choose(
    choice: str | os.PathLike[str] | None = None,
    converting: Callable[[], None] = lambda: None,
) -> InstalledModel:
    """The model to use; look at its `problem` before that.

    Args:
        choice: an installed model's name, a path (whatever is no `str`, or has a
            separator or begins with a tilde), a repository of the Hub, owner/name,
            or None for the default.
        converting: called when the built-in model has to be prepared.

    Raises:
        UsageError: a name no model can have.
        ModelError: there is no such model.
    """
    if choice is None:
        choice = default_name()
    if not isinstance(choice, str) or _is_path(choice):
        path = Path(os.path.expanduser(choice))
        if isinstance(choice, str) and is_hub_id(choice) and not os.path.exists(path):
            return from_hub(choice)
        # Unlike the method of `Path`, false for a path that is too long.
        if not os.path.isdir(path):
            if path.suffix.lower() == ".gguf" and os.path.isfile(path):
                raise ModelError(
                    f"{path} is a GGUF file; convert it with: genesis-chat models "
                    f"convert {shlex.quote(str(path))}"
                )
            raise ModelError(f"{path} is not a directory; -m takes a name or a path.")
        name = path.resolve().name
        if (path / LIBRARY_INDEX).is_file() and not (path / MANIFEST).exists():
            # mlx-lm's converter writes no manifest; the loader checks what it wrote.
            return InstalledModel(name, path, None)
        return open_directory(path, name)
    if choice == BUILTIN:
        return ensure_builtin(converting)
    return find(choice)


def _is_path(choice: str) -> bool:
    separators = [separator for separator in (os.sep, os.altsep) if separator]
    return choice.startswith("~") or any(s in choice for s in separators)
