"""Choosing the tokenizer of a model that is being converted."""

import io
import os
from dataclasses import dataclass
from pathlib import Path

from ..digest import sha256
from ..manifest import Kind, SourceRecord
from ..sources import Source
from . import check_tokenizer, read_tokenizer_file


@dataclass(frozen=True)
class ChosenTokenizer:
    """A tokenizer file's content, its kind, and where it came from."""

    kind: str
    data: bytes
    record: SourceRecord


def choose_tokenizer(
    source: Source, given: Path | str | None, vocab_size: int
) -> ChosenTokenizer:
    """The given file, else the one beside the checkpoint, else the Hub's GPT-NeoX.

    Raises `ConversionError` when it does not fit a model of `vocab_size` rows.
    """
    kind: Kind = "file"
    revision = None
    if given is not None:
        path = Path(os.path.expanduser(given))
        name = path.name
    elif source.tokenizer is not None:
        path, revision = source.tokenizer, source.revision
        if source.kind == "file":
            name = path.name
        else:
            kind, name = source.kind, source.name
    else:
        from ..hub import TOKENIZER_REPOSITORY, fetch_tokenizer

        path, revision = fetch_tokenizer()
        kind, name = "hub", TOKENIZER_REPOSITORY
    data = read_tokenizer_file(path)
    tokenizer = check_tokenizer(path.name, data, vocab_size)
    size, digest = sha256(io.BytesIO(data), lambda done: None)
    record = SourceRecord(kind, name, path.name, revision, size, digest)
    return ChosenTokenizer(tokenizer.kind, data, record)
