"""From a GGUF file to an mlx-lm model's directory, in one step or not at all."""

import json
import math
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from ..digest import sha256
from ..errors import ConversionError, reason, shown
from ..manifest import (
    CONFIG,
    FORMAT_WITH_FAMILIES,
    MANIFEST,
    TOKENIZER_JSON,
    WEIGHTS,
    Manifest,
    SourceRecord,
)
from ..progress import Progress, silent
from ..sources import Source
from ..storage import new_directory
from ..verification import file_records
from .architecture import Architecture
from .header import GGUFHeader, read_header
from .metadata import Metadata
from .plan import Target, plan
from .reading import problems_of, read_model
from .tokenizer import tokenizer_config, tokenizer_json
from .vocabulary import Vocabulary
from .weights import quantization, write_weights

# What makers state of sampling, as `generation_config.json` calls it.
SAMPLING = {
    "temperature": "general.sampling.temp",
    "top_k": "general.sampling.top_k",
    "top_p": "general.sampling.top_p",
    "min_p": "general.sampling.min_p",
    "repetition_penalty": "general.sampling.penalty_repeat",
}


def convert_gguf(
    source: Source,
    destination: Path,
    *,
    dtype: str | None = None,
    quantize: int | None = None,
    accept_unknown: bool = False,
    progress: Progress = silent,
    replace: bool = False,
    name: str | None = None,
) -> Manifest:
    """Convert a GGUF file to a directory as mlx-lm and Hugging Face have them.

    The arguments, errors and guarantees are those of `converters.convert`, which has
    checked the destination; `plan` says which tensors keep their quantisation.
    """
    path = source.weights
    try:
        if not path.is_file():
            raise ConversionError(f"{shown(str(path))} is not a regular file.")
        with path.open("rb") as file:
            state = _state(file)
            with problems_of(path.name):
                header = read_header(file, path.name)
                metadata = Metadata(header.metadata)
                architecture, vocabulary = read_model(file, header, path.name)
                texts = _texts(architecture, vocabulary, metadata)
                record = _record(source, file, header, progress)
                targets, left_out = plan(
                    header,
                    file,
                    architecture,
                    dtype=dtype,
                    quantize=quantize,
                    accept_unknown=accept_unknown,
                    report=lambda done, total: progress(
                        "check", header.nbytes + done, header.nbytes + total
                    ),
                )
            with new_directory(
                destination,
                replace=replace,
                waiting=lambda: progress("wait", 0, 0),
                sources=[path],
            ) as directory:
                write_weights(directory / WEIGHTS, file, targets, progress)
                if _state(file) != state:
                    raise ConversionError(
                        f"{shown(path.name)} was changed while it was read; try again."
                    )
                config = _config(architecture, vocabulary, targets)
                texts[CONFIG] = _json(config)
                for each, text in texts.items():
                    (directory / each).write_text(text, encoding="utf-8")
                manifest = _manifest(
                    name or destination.name,
                    record,
                    metadata,
                    header,
                    architecture,
                    targets,
                    left_out,
                    directory,
                    progress,
                )
                (directory / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    except OSError as error:
        raise ConversionError(
            f"{shown(path.name)} cannot be read: {reason(error)}."
        ) from error
    return manifest


def _texts(
    architecture: Architecture, vocabulary: Vocabulary, metadata: Metadata
) -> dict[str, str]:
    """The small files beside the weights, but for the configuration."""
    generation = {
        "bos_token_id": vocabulary.bos,
        "eos_token_id": list(vocabulary.ends),
        **{key: metadata.number(stated, None) for key, stated in SAMPLING.items()},
    }
    return {
        "tokenizer.json": tokenizer_json(vocabulary),
        "tokenizer_config.json": _json(
            tokenizer_config(vocabulary, architecture.context)
        ),
        "generation_config.json": _json(
            {key: value for key, value in generation.items() if value is not None}
        ),
    }


def _config(
    architecture: Architecture, vocabulary: Vocabulary, targets: list[Target]
) -> dict[str, Any]:
    ids = {
        "bos_token_id": vocabulary.bos,
        "eos_token_id": vocabulary.eos,
        "pad_token_id": vocabulary.pad,
    }
    config = {
        **architecture.config,
        **{key: value for key, value in ids.items() if value is not None},
        "torch_dtype": str(targets[0].dtype),
    }
    if steps := quantization(targets):
        # mlx-lm reads the one, transformers the other.
        config |= {"quantization": steps, "quantization_config": steps}
    return config


def _record(
    source: Source, file: BinaryIO, header: GGUFHeader, progress: Progress
) -> SourceRecord:
    file.seek(0)
    _, digest = sha256(file, lambda done: progress("check", done, header.nbytes))
    if source.sha256 is not None and source.sha256 != digest:
        raise ConversionError(
            f"{shown(source.name)} is damaged: its sha256 is {digest} instead of "
            f"{shown(source.sha256)}."
        )
    return SourceRecord(
        source.kind,
        source.name,
        source.weights.name,
        source.revision,
        header.nbytes,
        digest,
    )


def _manifest(
    name: str,
    record: SourceRecord,
    metadata: Metadata,
    header: GGUFHeader,
    architecture: Architecture,
    targets: list[Target],
    left_out: tuple[str, ...],
    directory: Path,
    progress: Progress,
) -> Manifest:
    sizes: Counter[str] = Counter()
    for target in targets:
        if target.tensor is not None and len(target.part.shape) == 2:
            sizes[target.tensor.type.name] += target.tensor.nbytes
    dtypes = {str(target.dtype) for target in targets}
    steps = quantization(targets)
    return Manifest(
        name=name,
        source=record,
        tokenizer=record,
        tokenizer_kind=TOKENIZER_JSON,
        files=file_records(directory, progress),
        dtype=dtypes.pop() if len(dtypes) == 1 else "mixed",
        quantization=steps["bits"] if steps else None,
        parameters=sum(math.prod(part.shape) for part in architecture.parts.values()),
        configuration="metadata",
        corrected=(),
        left_out=left_out,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        format=FORMAT_WITH_FAMILIES,
        family=architecture.name,
        license=metadata.text("general.license", None),
        stored_as=", ".join(kind for kind, _ in sizes.most_common()),
    )


def _state(file: BinaryIO) -> tuple[int, int, int, int]:
    facts = os.fstat(file.fileno())
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
