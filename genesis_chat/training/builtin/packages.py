"""The packages that only the built-in model's subjects read."""

import importlib
from types import ModuleType

from ...errors import GenesisChatError


class PackageMissingError(GenesisChatError):
    """A package of the dependency group `builtin` that is not installed."""


def package(name: str) -> ModuleType:
    """A package by the name it is imported by. Raises `PackageMissingError`."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise PackageMissingError(
            f"The built-in model is trained with {name}, which is not installed;"
            " install the dependency group `builtin` (pip install --group builtin)."
        ) from error
