"""Genesis's tokenizers: finding the file, loading it, checking it against the model."""

import json
from pathlib import Path

from ..errors import ConversionError, reason, shown
from .base import Tokenizer, size_problem

# The name a tokenizer has in a converted model, by kind.
FILE_NAMES = {"neox": "tokenizer.json", "sentencepiece": "tokenizer.model"}
# What is looked for beside a checkpoint, in this order.
SOURCE_NAMES = ("tokenizer.json", "20B_tokenizer.json", "tokenizer.model")
MAX_TOKENIZER_BYTES = 64_000_000

__all__ = [
    "FILE_NAMES",
    "SOURCE_NAMES",
    "Tokenizer",
    "check_tokenizer",
    "load_tokenizer",
    "read_tokenizer_file",
]


def load_tokenizer(directory: Path | str) -> Tokenizer:
    """Load the tokenizer of a converted model's directory, as its config.json says.

    Raises `ConversionError` when there is none, it is damaged, or it does not fit.
    """
    path = Path(directory) / "config.json"
    try:
        config = json.loads(path.read_bytes())
        file = FILE_NAMES[config["tokenizer"]["kind"]]
        vocab_size = config["vocab_size"]
        if type(vocab_size) is not int:
            raise TypeError("vocab_size is no integer")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConversionError(
            f"{shown(str(path))} does not say which tokenizer the model has; convert "
            "the model again."
        ) from error
    data = read_tokenizer_file(path.with_name(file))
    return check_tokenizer(file, data, vocab_size)


def check_tokenizer(name: str, data: bytes, vocab_size: int | None = None) -> Tokenizer:
    """Load a tokenizer file's content, JSON or SentencePiece by its first bytes.

    Args:
        name: the file's name, for errors.
        data: its content.
        vocab_size: when given, the model's V, which it must fit.

    Raises:
        ConversionError: it is damaged, of another kind, or does not fit.
    """
    tokenizer: Tokenizer
    if data.lstrip()[:1] == b"{":
        from .neox import NeoxTokenizer

        tokenizer = NeoxTokenizer(data, shown(name))
    else:
        from .pieces import PieceTokenizer

        tokenizer = PieceTokenizer(data, shown(name))
    if vocab_size is not None:
        problem = size_problem(shown(name), tokenizer.vocab_size, vocab_size)
        if problem:
            raise ConversionError(problem)
    return tokenizer


def read_tokenizer_file(path: Path) -> bytes:
    """A tokenizer file's content; raises `ConversionError` naming the file."""
    try:
        if not path.is_file():
            raise ConversionError(f"The tokenizer {shown(str(path))} does not exist.")
        with path.open("rb") as file:
            data = file.read(MAX_TOKENIZER_BYTES + 1)
    except (OSError, ValueError) as error:
        detail = reason(error) if isinstance(error, OSError) else "bad file name"
        raise ConversionError(
            f"The tokenizer {shown(str(path))} cannot be read: {detail}."
        ) from error
    if len(data) > MAX_TOKENIZER_BYTES:
        raise ConversionError(
            f"The tokenizer {shown(str(path))} is larger than "
            f"{MAX_TOKENIZER_BYTES:,} bytes."
        )
    return data
