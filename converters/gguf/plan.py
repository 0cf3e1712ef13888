"""How each tensor of a GGUF file is written: kept in its steps, or as floats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from ..arrays import DTYPES, cast
from ..errors import ConversionError, shown
from ..problems import Kind, Problem, sentences
from .architecture import Architecture, Part
from .blocks import BITS, GROUP
from .header import GGUFHeader, GGUFTensor
from .values import FLOATS, floats

# Blocks of other kinds have steps that MLX has no like of.
BLOCKS_AS = "float16"
ADVICE = (
    "The file's tensors are not those its metadata promises; get it again, or another "
    "file of the model."
)


@dataclass(frozen=True)
class Target:
    """One tensor to be written.

    `tensor` is where it is in the file, None for zeros. `dtype` is of its floats, or
    of its scales where `bits` says in how many bits it is quantised. `exact` says that
    its blocks become groups as they are.
    """

    name: str
    part: Part
    tensor: GGUFTensor | None
    dtype: np.dtype[Any]
    bits: int | None
    exact: bool


def plan(
    header: GGUFHeader,
    file: BinaryIO,
    architecture: Architecture,
    *,
    dtype: str | None,
    quantize: int | None,
    accept_unknown: bool,
    report: Callable[[int, int], None],
) -> tuple[list[Target], tuple[str, ...]]:
    """The tensors to write, and the file's tensors that nobody knows.

    Blocks of Q4_0, Q4_1 and Q8_0 are kept. Other blocks become float16. What is
    stored as floats keeps its type; float32 becomes what the matrices have, or
    bfloat16 or float16 where they are float32 too, if that holds every value as it is.

    Args:
        header: of the file.
        file: open for reading.
        architecture: what it must hold.
        dtype: of all floats and scales; None decides as above.
        quantize: 4 or 8 bits for matrices that have more.
        accept_unknown: leave out unknown tensors instead of refusing them.
        report: called with bytes of the values looked at and of all.

    Raises:
        ConversionError: tensors are missing, unknown or of other shapes.
    """
    unknown = compare(header, architecture, accept_unknown)
    exact = _exact(header, file, architecture, report) if dtype is None else {}
    usual = dtype or _usual(header, architecture, exact)
    targets = []
    for name, part in architecture.parts.items():
        tensor = header.tensors.get(part.source)
        kind = tensor.type.name if tensor else "F32"
        stored = BITS.get(kind)
        matrix = len(part.shape) == 2 and part.shape[1] % GROUP == 0
        bits = stored
        if quantize and matrix and (stored is None or stored > quantize):
            bits = quantize
        if dtype is not None:
            chosen = dtype
        elif kind in ("F32", "F64"):
            # Zeros are exact in everything.
            holds = tensor is None or usual in exact[part.source]
            chosen = usual if holds else "float32"
        else:
            chosen = FLOATS.get(kind, BLOCKS_AS)
        targets.append(Target(name, part, tensor, DTYPES[chosen], bits, bits == stored))
    return targets, unknown


def compare(
    header: GGUFHeader, architecture: Architecture, accept_unknown: bool
) -> tuple[str, ...]:
    """The file's tensors that nobody knows, when the others are what is needed.

    Raises `ConversionError` with every problem there is.
    """
    problems: list[Problem] = []

    def add(kind: Kind, name: str, sentence: str) -> None:
        problems.append(Problem(kind, name, sentence))

    for part in architecture.parts.values():
        tensor = header.tensors.get(part.source)
        if tensor is None and not part.optional:
            add("missing", part.source, f"The file has no tensor {part.source}.")
        elif tensor is not None and tensor.shape != part.shape:
            add(
                "shape",
                part.source,
                f"{part.source} has the shape {tensor.shape} instead of {part.shape}.",
            )
        elif tensor is not None and not _readable(tensor):
            add(
                "type",
                part.source,
                f"{part.source} is quantised as {tensor.type.name}, which PyPI's gguf "
                "cannot read; get a file in another quantisation.",
            )
    known = {part.source for part in architecture.parts.values()}
    unknown = tuple(header.tensors.keys() - known - {"rope_freqs.weight"})
    if not accept_unknown:
        for name in sorted(unknown):
            what = f"The tensor {shown(name)} is unknown"
            add("unknown", name, f"{what}; pass --accept-unknown to leave it out.")
    if problems:
        only = {problem.kind for problem in problems} == {"unknown"}
        raise ConversionError(*sentences(problems, None if only else ADVICE))
    return tuple(sorted(unknown))


def _readable(tensor: GGUFTensor) -> bool:
    if tensor.type.name in FLOATS:
        return True
    from gguf.constants import GGML_QUANT_SIZES
    from gguf.quants import dequantize

    _, block_bytes = GGML_QUANT_SIZES[tensor.type]
    try:
        with np.errstate(all="ignore"):
            dequantize(np.zeros((1, block_bytes), np.uint8), tensor.type)
    except NotImplementedError:
        return False
    return True


def _exact(
    header: GGUFHeader,
    file: BinaryIO,
    architecture: Architecture,
    report: Callable[[int, int], None],
) -> dict[str, set[str]]:
    """Which 16-bit dtypes hold every value of each float32 tensor."""
    names = [part.source for part in architecture.parts.values()]
    wide = {
        name: tensor
        for name in names
        if (tensor := header.tensors.get(name)) and tensor.type.name in ("F32", "F64")
    }
    total = sum(tensor.nbytes for tensor in wide.values())
    done = 0
    found = {}
    for name, tensor in wide.items():
        holds = {"float32", "float16", "bfloat16"}
        for piece in floats(file, tensor, heads=None):
            for each in holds - {"float32"}:
                if not np.array_equal(cast(piece, DTYPES[each]), piece):
                    holds.discard(each)
            done += piece.nbytes
            report(min(done, total), total)
        found[name] = holds
    return found


def _usual(
    header: GGUFHeader, architecture: Architecture, exact: Mapping[str, set[str]]
) -> str:
    """The dtype of the matrices, which the other tensors take if it holds them."""
    sources = [p.source for p in architecture.parts.values() if len(p.shape) == 2]
    kinds = {header.tensors[source].type.name for source in sources}
    if kinds - FLOATS.keys():
        return BLOCKS_AS
    stored = {FLOATS[kind] for kind in kinds} - {"float32"}
    if stored:
        return min(stored)
    held = set.intersection(*(exact[source] for source in sources))
    return next(each for each in ("bfloat16", "float16", "float32") if each in held)
