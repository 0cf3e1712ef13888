"""Conversations to and from files that other programs and people can read."""

from .export import Exported, export_json, export_jsonl, export_markdown
from .files import write, write_file
from .reading import FORMATS, read_import

__all__ = [
    "FORMATS",
    "Exported",
    "export_json",
    "export_jsonl",
    "export_markdown",
    "read_import",
    "write",
    "write_file",
]
