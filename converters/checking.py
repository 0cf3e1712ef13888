"""Comparing a checkpoint with what its configuration asks for, all at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from backends.genesis.tensor_shapes import Shape

from .arrays import same_bytes, value_problems
from .configuration import Configuration, configuration
from .digest import sha256
from .errors import ConversionError, reason, shown
from .header import Checkpoint, Header
from .layout import source_shapes
from .manifest import SourceRecord
from .names import is_buffer
from .problems import Kind, Problem, sentences
from .progress import Progress
from .sources import Source
from .weights import Target

FLOAT_DTYPES = ("F32", "F16", "BF16")
HEAD, EMBEDDING = "lm_head.weight", "tok_emb.weight"
ACCEPT = "pass --accept-unknown to leave it out"


@dataclass(frozen=True)
class Comparison:
    """Problems, as `sentences` tells them, and the tensors nobody knows."""

    problems: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Checked:
    """A checkpoint's configuration and the unknown tensors that are left out."""

    configuration: Configuration
    left_out: tuple[str, ...]


def check_names(checkpoint: Checkpoint, accept_unknown: bool) -> Checked:
    """Find the configuration and check every name, shape and dtype against it.

    Raises `ConversionError` with every problem there is.
    """
    header = checkpoint.header

    def alias() -> bool:
        head, embedding = header.tensors.get(HEAD), header.tensors.get(EMBEDDING)
        return bool(head and embedding and same_bytes(checkpoint.file, head, embedding))

    found = configuration(checkpoint.name, header, alias)
    result = compare(header, source_shapes(found.args), accept_unknown=accept_unknown)
    problems = list(result.problems)
    if not accept_unknown:
        problems += [
            f"The configuration has the unknown field {shown(field)}; "
            "pass --accept-unknown to ignore it."
            for field in found.unknown
        ]
    tied = found.args.tie_word_embeddings
    if tied and HEAD in header.tensors and not alias():
        problems.append(
            f"{HEAD} differs from {EMBEDDING}, though the configuration says that "
            "they are the same (tie_word_embeddings)."
        )
    if problems:
        raise ConversionError(*problems)
    return Checked(found, result.unknown)


def check_values(
    source: Source,
    checkpoint: Checkpoint,
    targets: list[Target],
    progress: Progress,
) -> SourceRecord:
    """Read the whole checkpoint once: its sha256, and that every value is finite.

    Raises `ConversionError` with every tensor that cannot be written, or when the
    file is not the one the Hub has.
    """
    file, header = checkpoint.file, checkpoint.header
    weights = {name: target.dtype for target in targets for name in target.parts}
    total = header.file_bytes + sum(header.tensors[name].nbytes for name in weights)
    try:
        file.seek(0)
        _, digest = sha256(file, lambda done: progress("check", done, total))
    except OSError as error:
        raise ConversionError(
            f"{shown(checkpoint.name)} cannot be read: {reason(error)}."
        ) from error
    if source.sha256 is not None and source.sha256 != digest:
        raise ConversionError(
            f"The download of {shown(source.name)} is damaged: its sha256 is "
            f"{digest} instead of {shown(source.sha256)}; delete "
            f"{shown(source.weights.name)} from the Hub's cache and try again."
        )
    problems = value_problems(
        file,
        {name: (header.tensors[name], dtype) for name, dtype in weights.items()},
        lambda done: progress("check", header.file_bytes + done, total),
    )
    if problems:
        raise ConversionError(*sentences(problems))
    return SourceRecord(
        source.kind,
        source.name,
        source.weights.name,
        source.revision,
        header.file_bytes,
        digest,
    )


def compare(
    header: Header, expected: Mapping[str, Shape], *, accept_unknown: bool
) -> Comparison:
    """Check every name, shape and dtype of a checkpoint both ways.

    A `lm_head.weight` that is not expected (tied embeddings) may be there; whether
    it equals `tok_emb.weight` is for the caller to check.
    """
    problems: list[Problem] = []
    unknown: list[str] = []
    for name, shape in expected.items():
        info = header.tensors.get(name)
        if info is None:
            sentence = f"{name} is missing; its shape should be {_text(shape)}."
            problems.append(Problem("missing", name, sentence))
            continue
        if info.shape != shape:
            turned = info.shape == shape[::-1]
            sentence = (
                f"{name} {'is transposed: it ' if turned else ''}has shape "
                f"{_text(info.shape)} but should have {_text(shape)}."
            )
            kind: Kind = "transposed" if turned else "shape"
            problems.append(Problem(kind, name, sentence))
        if info.dtype not in FLOAT_DTYPES:
            sentence = (
                f"{name} is of type {info.dtype}; only F32, F16 and BF16 are read."
            )
            problems.append(Problem("type", name, sentence))
    for name in header.tensors:
        if name in expected or is_buffer(name):
            continue
        if name == HEAD:
            continue
        unknown.append(name)
        if not accept_unknown:
            sentence = f"{shown(name)} is not a tensor of this configuration; {ACCEPT}."
            problems.append(Problem("unknown", name, sentence))
    return Comparison(tuple(sentences(problems)), tuple(unknown))


def _text(shape: Shape) -> str:
    return f"[{', '.join(map(str, shape))}]"
