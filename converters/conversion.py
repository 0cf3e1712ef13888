"""From a checkpoint to a converted model's directory, in one step or not at all."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backends.genesis.args import ModelArgs
from backends.genesis.constants import QUANTIZATION_GROUP
from backends.genesis.tensor_shapes import tensor_shapes

from .arrays import DTYPES
from .checking import check_names, check_values
from .destination import check_destination
from .errors import ConversionError
from .gguf.magic import is_gguf
from .header import open_checkpoint
from .manifest import CONFIG, MANIFEST, WEIGHTS, Manifest
from .progress import Progress, silent
from .sources import Source, resolve_source
from .storage import new_directory
from .tokenization import FILE_NAMES
from .tokenization.choice import choose_tokenizer
from .verification import file_records
from .weights import Dtype, dtype_name, plan, write_weights


def convert(
    source: Source | str | Path,
    destination: Path | str,
    *,
    dtype: Dtype | None = None,
    quantize: int | None = None,
    tokenizer: Path | str | None = None,
    accept_unknown: bool = False,
    progress: Progress | None = None,
    replace: bool = False,
    name: str | None = None,
) -> Manifest:
    """Convert a Genesis checkpoint, or a GGUF file, to a model directory.

    Everything is checked before anything is written; the directory then appears
    under its name with all its files or not at all.

    Args:
        source: what `resolve_source` gave, or what it takes.
        destination: the directory to make.
        dtype: of the weights; None keeps what is stored.
        quantize: 4 or 8 bits for the large matrices, in groups of 32. GGUF files
            are mostly quantised already, and matrices of no more bits stay so.
        tokenizer: a `tokenizer.json` or SentencePiece `tokenizer.model`; None takes
            the one beside the checkpoint, else GPT-NeoX's from the Hub. GGUF files
            hold their own.
        accept_unknown: leave out tensors and configuration fields nobody knows
            instead of refusing them.
        progress: called with a stage ("download", "check", "write", "verify") and
            bytes done and total.
        replace: whether an existing directory is replaced.
        name: the model's name in the manifest, the directory's by default.

    Returns:
        The new model's manifest.

    Raises:
        DestinationExistsError: the destination is taken and `replace` is not set.
        ConversionError: anything else; `problems` lists all that is wrong.
    """
    progress = progress or silent
    if dtype is not None and dtype not in DTYPES:
        raise ConversionError(f"dtype must be one of {', '.join(DTYPES)}.")
    if quantize not in (None, 4, 8):
        raise ConversionError("quantize must be 4 or 8.")
    destination = check_destination(Path(destination), replace=replace)
    if not isinstance(source, Source):
        source = resolve_source(source, progress=progress)
    used = [source.weights, *(Path(p) for p in (source.tokenizer, tokenizer) if p)]
    check_destination(destination, replace=replace, sources=used)
    if is_gguf(source.weights):
        from .gguf.conversion import convert_gguf

        if tokenizer is not None:
            raise ConversionError(
                "A GGUF file holds its tokenizer itself; leave --tokenizer away."
            )
        return convert_gguf(
            source,
            destination,
            dtype=dtype,
            quantize=quantize,
            accept_unknown=accept_unknown,
            progress=progress,
            replace=replace,
            name=name,
        )
    with open_checkpoint(source.weights) as checkpoint:
        found = check_names(checkpoint, accept_unknown)
        args = found.configuration.args
        targets = plan(args, checkpoint.header, dtype, quantize)
        chosen = choose_tokenizer(source, tokenizer, args.vocab_size)
        record = check_values(source, checkpoint, targets, progress)
        with new_directory(
            destination,
            replace=replace,
            waiting=lambda: progress("wait", 0, 0),
            sources=used,
        ) as directory:
            write_weights(directory / WEIGHTS, checkpoint, targets, progress)
            checkpoint.check_unchanged()
            config = _config(args, quantize, chosen.kind)
            _write_json(directory / CONFIG, config)
            (directory / FILE_NAMES[chosen.kind]).write_bytes(chosen.data)
            manifest = Manifest(
                name=name or destination.name,
                source=record,
                tokenizer=chosen.record,
                tokenizer_kind=chosen.kind,
                files=file_records(directory, progress),
                dtype=dtype_name(targets),
                quantization=quantize,
                parameters=sum(map(math.prod, tensor_shapes(args).values())),
                configuration=found.configuration.provenance,
                corrected=found.configuration.corrected,
                left_out=(*found.left_out, *found.configuration.unknown),
                created=datetime.now(UTC).isoformat(timespec="seconds"),
            )
            (directory / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return manifest


def _config(args: ModelArgs, bits: int | None, kind: str) -> dict[str, Any]:
    config = {"model_type": "genesis", **args.to_config()}
    if bits:
        config["quantization"] = {"bits": bits, "group_size": QUANTIZATION_GROUP}
    return {**config, "tokenizer": {"kind": kind}}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
