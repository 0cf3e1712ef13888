"""Genesis's tokenizers: finding the file, loading it, checking it against the model."""

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
    """Load the tokenizer of a converted model's directory.

    Raises `ConversionError` when it has none or it is damaged.
    """
    directory = Path(directory)
    for name in FILE_NAMES.values():
        if (path := directory / name).exists():
            return check_tokenizer(path.name, read_tokenizer_file(path))
    raise ConversionError(
        f"{shown(str(directory))} has no tokenizer; convert the model again."
    )


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
