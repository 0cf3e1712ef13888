"""An adapter as a model of its own, for good."""

from ..errors import ModelError
from .adapters import base_of, fuse_into
from .choice import choose
from .folder import check_name, models_folder
from .store import InstalledModel, find, installed, open_directory


def fuse_adapter(name: str, new_name: str | None = None) -> InstalledModel:
    """Install an adapter and its base as one model, under a name of its own.

    Without one it is the adapter's with "-fused" behind it. The adapter stays.
    Raises `UsageError`, `ModelError`.
    """
    adapter = find(name)
    if adapter.adapter is None:
        raise ModelError(f"{name} is no adapter; name one that models list shows.")
    if adapter.problem:
        raise ModelError(adapter.problem)
    wanted = check_name(new_name or f"{name}-fused")
    if taken := [m.name for m in installed() if m.name.lower() == wanted.lower()]:
        raise ModelError(
            f"A model called {taken[0]!r} is installed; choose another name with "
            "--name."
        )
    base = base_of(adapter, choose)
    directory = models_folder() / wanted
    fuse_into(base, adapter, directory)
    return open_directory(directory)
