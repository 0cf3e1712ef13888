"""A GGUF file's model: its architecture and vocabulary, checked against each other."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import ConversionError, shown
from .architecture import Architecture, architecture_name, read_architecture
from .header import GGUFHeader
from .metadata import Metadata
from .pre_tokenizers import pre_tokenizer
from .values import floats
from .vocabulary import BYTE_LEVEL, Vocabulary, read_vocabulary

ROPE_FACTORS = "rope_freqs.weight"


def read_model(
    file: BinaryIO, header: GGUFHeader, name: str
) -> tuple[Architecture, Vocabulary]:
    """What the open file `name` holds. Raises `ConversionError` for what is not run."""
    metadata = Metadata(header.metadata)
    architecture_name(metadata)
    if not header.tensors:
        raise ConversionError(
            f"{shown(name)} holds a vocabulary and no weights; get the model's own "
            "file."
        )
    parts = metadata.integer("split.count", 1)
    if parts > 1:
        raise ConversionError(
            f"{shown(name)} is one of {parts} parts of a model; join them with "
            "llama.cpp's llama-gguf-split --merge first."
        )
    shapes = {key: tensor.shape for key, tensor in header.tensors.items()}
    architecture = read_architecture(metadata, shapes, _rope_factors(file, header))
    vocabulary = read_vocabulary(metadata)
    if vocabulary.kind == BYTE_LEVEL:
        pre_tokenizer(vocabulary.pre)
    rows = architecture.config["vocab_size"]
    if len(vocabulary.tokens) > rows:
        raise ConversionError(
            f"{shown(name)} has {len(vocabulary.tokens):,} tokens, but its embedding "
            f"has only {rows:,} rows."
        )
    return architecture, vocabulary


@contextmanager
def problems_of(name: str) -> Iterator[None]:
    """Have every problem that is found name the file."""
    try:
        yield
    except ConversionError as error:
        file = shown(name)
        raise ConversionError(
            *(p if file in p else f"{file}: {p}" for p in error.problems)
        ) from error


def _rope_factors(file: BinaryIO, header: GGUFHeader) -> NDArray[Any] | None:
    tensor = header.tensors.get(ROPE_FACTORS)
    if tensor is None:
        return None
    if tensor.type.name != "F32" or len(tensor.shape) != 1:
        raise ConversionError(f"The file's {ROPE_FACTORS} is no list of numbers.")
    return np.concatenate(list(floats(file, tensor, heads=None))).reshape(-1)
