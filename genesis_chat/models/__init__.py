"""Installed models: finding, installing, checking and removing them."""

from .builtin import builtin, ensure_builtin
from .choice import choose
from .default import default_name, set_default
from .folder import BUILTIN, check_name
from .hub import cached_models, choosable_names
from .install import RELEASED_REPOSITORY, install, suggested_name
from .store import (
    InstalledModel,
    find,
    installed,
    names,
    open_directory,
    remove,
)

__all__ = [
    "BUILTIN",
    "RELEASED_REPOSITORY",
    "InstalledModel",
    "builtin",
    "cached_models",
    "check_name",
    "choosable_names",
    "choose",
    "default_name",
    "ensure_builtin",
    "find",
    "install",
    "installed",
    "names",
    "open_directory",
    "remove",
    "set_default",
    "suggested_name",
]
