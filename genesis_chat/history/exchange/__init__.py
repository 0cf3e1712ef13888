"""Conversations to and from files that other programs and people can read."""

from .export import Exported, export_json, export_jsonl, export_markdown
from .files import format_of, write, write_file
from .importing import Imported, bring_in
from .reading import FORMATS, read_import
from .sources import Source, sources_in, sources_of_input

__all__ = [
    "FORMATS",
    "Exported",
    "Imported",
    "Source",
    "bring_in",
    "export_json",
    "export_jsonl",
    "export_markdown",
    "format_of",
    "read_import",
    "sources_in",
    "sources_of_input",
    "write",
    "write_file",
]
