"""Tokenizers: finding the file, loading it, checking it against the model."""

import json
from pathlib import Path

from backends.stand_ins import SNIFFED_BYTES, stand_in
from backends.text_files import TextFileError, encoding_of, read_text

from ..errors import ConversionError, reason, shown
from .base import GenesisTokenizer, Tokenizer, size_problem

# The name a tokenizer has in a converted model, by kind.
FILE_NAMES = {"neox": "tokenizer.json", "sentencepiece": "tokenizer.model"}
LIBRARY_FILE = "tokenizer.json"
# What is looked for beside a checkpoint, in this order.
SOURCE_NAMES = ("tokenizer.json", "20B_tokenizer.json", "tokenizer.model")
MAX_CONFIG_BYTES = 1 << 20
MAX_TOKENIZER_BYTES = 64_000_000

__all__ = [
    "FILE_NAMES",
    "SOURCE_NAMES",
    "GenesisTokenizer",
    "Tokenizer",
    "check_tokenizer",
    "load_tokenizer",
    "read_tokenizer_file",
]


def load_tokenizer(directory: Path | str) -> Tokenizer:
    """Load the tokenizer of a model's directory, of the kind that is there.

    For a Genesis model its config.json says which one that is; other models have a
    tokenizer.json in Hugging Face's form. Raises `ConversionError` when there is
    none, it is damaged, or it does not fit the model.
    """
    path = Path(directory) / "config.json"
    text = "{}"
    try:
        text = read_text(path, MAX_CONFIG_BYTES, regular=True).text
        config = json.loads(text)
        if config["model_type"] != "genesis":
            return _load_hugging_face(path.parent)
        file = FILE_NAMES[config["tokenizer"]["kind"]]
        vocab_size = config["vocab_size"]
        if type(vocab_size) is not int:
            raise TypeError("vocab_size is no integer")
    except (
        *(OSError, ValueError, KeyError, TypeError, RecursionError, TextFileError),
    ) as error:
        wrong = "does not say which tokenizer the model has; convert the model again"
        clause = stand_in(text.encode("utf-8", "replace")) or wrong
        raise ConversionError(f"{shown(str(path))} {clause}.") from error
    # mlx-lm writes every tokenizer in one form, whatever it was read from.
    if not path.with_name(file).exists() and path.with_name(LIBRARY_FILE).exists():
        file = LIBRARY_FILE
    data = read_tokenizer_file(path.with_name(file))
    return check_tokenizer(file, data, vocab_size)


def _load_hugging_face(directory: Path) -> Tokenizer:
    path = directory / "tokenizer.json"
    if not path.exists():
        raise ConversionError(
            f"{shown(str(directory))} has no tokenizer.json; get the model in a form "
            "that has one (Transformers writes it with save_pretrained)."
        )
    from .hugging_face import HuggingFaceTokenizer, read_tokenizer_files

    files = read_tokenizer_files(directory)
    return HuggingFaceTokenizer(read_tokenizer_file(path), files, shown(str(path)))


def check_tokenizer(
    name: str, data: bytes, vocab_size: int | None = None
) -> GenesisTokenizer:
    """Load a Genesis tokenizer's file, JSON or SentencePiece by its first bytes.

    Args:
        name: the file's name, for errors.
        data: its content.
        vocab_size: when given, the model's V, which it must fit.

    Raises:
        ConversionError: it is damaged, of another kind, or does not fit.
    """
    tokenizer: GenesisTokenizer
    if clause := stand_in(data[:SNIFFED_BYTES]):
        raise ConversionError(f"{shown(name)} {clause}.")
    if _is_json(data[:SNIFFED_BYTES]) and b"<0xFF>" in data:
        from .library_pieces import LibraryPieceTokenizer

        tokenizer = LibraryPieceTokenizer(data, shown(name))
    elif _is_json(data[:SNIFFED_BYTES]):
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


def _is_json(start: bytes) -> bool:
    mark = encoding_of(start)[1]
    # Two or four bytes to a character make no difference to the first brace.
    return start[mark:].replace(b"\0", b"").lstrip()[:1] in (b"{", b"[")


def read_tokenizer_file(path: Path) -> bytes:
    """A tokenizer file's content; raises `ConversionError` naming the file."""
    try:
        if not path.is_file():
            what = "is not a file" if path.exists() else "does not exist"
            raise ConversionError(
                f"The tokenizer {shown(str(path))} {what}; give a tokenizer.json or a "
                "tokenizer.model."
            )
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
