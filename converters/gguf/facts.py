"""What a GGUF file is and whether it can be converted, without converting it."""

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import ConversionError, reason, shown
from .header import GGUFHeader, read_header
from .plan import compare
from .reading import problems_of, read_model


@dataclass(frozen=True)
class GGUFFacts:
    """A file's model; what the file does not say or cannot be read is empty or 0.

    `problem` is a sentence about why it cannot be converted, empty when it can.
    """

    name: str = ""
    architecture: str = ""
    quantization: str = ""
    parameters: int = 0
    problem: str = ""


def look(path: Path) -> GGUFFacts:
    """Read a file's header and say what is in it. Never raises."""
    try:
        with path.open("rb") as file:
            header = read_header(file, path.name)
            problem = _problem(file, header, path.name)
    except ConversionError as error:
        return GGUFFacts(problem=error.problems[0])
    except (OSError, ValueError) as error:
        detail = reason(error) if isinstance(error, OSError) else "bad file name"
        return GGUFFacts(problem=f"{shown(path.name)} cannot be read: {detail}.")
    return GGUFFacts(
        name=_text(header, "general.name"),
        architecture=_text(header, "general.architecture"),
        quantization=_quantization(header),
        parameters=sum(math.prod(tensor.shape) for tensor in header.tensors.values()),
        problem=problem,
    )


def _problem(file: BinaryIO, header: GGUFHeader, name: str) -> str:
    try:
        with problems_of(name):
            architecture, _ = read_model(file, header, name)
            compare(header, architecture, accept_unknown=False)
    except ConversionError as error:
        return error.problems[0]
    return ""


def _text(header: GGUFHeader, key: str) -> str:
    value = header.metadata.get(key)
    return value if isinstance(value, str) else ""


def _quantization(header: GGUFHeader) -> str:
    """As its publisher calls it, for example Q4_K_M; else its largest tensors' type."""
    from gguf.constants import LlamaFileType

    kind = header.metadata.get("general.file_type")
    if kind in {each.value for each in LlamaFileType}:
        name = LlamaFileType(kind).name
        return name.removeprefix("MOSTLY_").removeprefix("ALL_")
    sizes: Counter[str] = Counter()
    for tensor in header.tensors.values():
        sizes[tensor.type.name] += tensor.nbytes
    return sizes.most_common(1)[0][0] if sizes else ""
