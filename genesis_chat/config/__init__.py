"""A person's own defaults, in one typed file."""

from .file import load, path, set_value, unset_value
from .schema import KEYS, Config, parse

__all__ = [
    "KEYS",
    "Config",
    "load",
    "parse",
    "path",
    "set_value",
    "unset_value",
]
