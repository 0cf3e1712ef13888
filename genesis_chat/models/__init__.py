"""Installed models: finding, installing, checking and removing them."""

from .builtin import builtin, ensure_builtin
from .choice import choose, look
from .default import default_name, set_default
from .folder import BUILTIN, check_name
from .fusing import fuse_adapter
from .hub import cached_models, choosable_names
from .install import RELEASED_REPOSITORY, install, suggested_name
from .listing import adapters_by_base
from .removal import remove
from .store import (
    InstalledModel,
    find,
    installed,
    names,
    open_directory,
)

__all__ = [
    "BUILTIN",
    "RELEASED_REPOSITORY",
    "InstalledModel",
    "adapters_by_base",
    "builtin",
    "cached_models",
    "check_name",
    "choosable_names",
    "choose",
    "default_name",
    "ensure_builtin",
    "find",
    "fuse_adapter",
    "install",
    "installed",
    "look",
    "names",
    "open_directory",
    "remove",
    "set_default",
    "suggested_name",
]
