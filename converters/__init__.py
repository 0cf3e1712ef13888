"""Converters: from a Genesis checkpoint to a model directory the backend loads.

Importing this package is cheap; what it offers is imported when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .conversion import convert
    from .errors import ConversionError, DestinationExistsError
    from .manifest import FileRecord, Manifest, SourceRecord, read_manifest
    from .sources import Source, resolve_source
    from .tokenization import Tokenizer, load_tokenizer
    from .verification import verify

_HOMES = {
    "ConversionError": "errors",
    "DestinationExistsError": "errors",
    "FileRecord": "manifest",
    "Manifest": "manifest",
    "Source": "sources",
    "SourceRecord": "manifest",
    "Tokenizer": "tokenization",
    "convert": "conversion",
    "load_tokenizer": "tokenization",
    "read_manifest": "manifest",
    "resolve_source": "sources",
    "verify": "verification",
}

__all__ = [
    "ConversionError",
    "DestinationExistsError",
    "FileRecord",
    "Manifest",
    "Source",
    "SourceRecord",
    "Tokenizer",
    "convert",
    "load_tokenizer",
    "read_manifest",
    "resolve_source",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value
