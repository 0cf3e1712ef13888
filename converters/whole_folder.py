"""Whether a folder holds a whole model of another family, as mlx-lm reads it."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from backends.config_file import read_model_type
from backends.derived_names import DERIVED_FILES
from backends.errors import ConfigError, WeightsError
from backends.text_files import LARGEST_JSON, TextFileError, read_text
from backends.weights_index import indexed_files

from .errors import AGAIN, ConversionError, reason, shown
from .manifest import (
    CONFIG,
    FORMAT_WITH_FAMILIES,
    GENESIS,
    INDEX,
    SHARDS,
    FileRecord,
    Manifest,
    SourceRecord,
)
from .tensor_files import Tensors, look_at_tensors

TOKENIZER = "tokenizer.json"
# Only where there is no tokenizer.json, which says the same and more.
OTHER_TOKENIZER = "tokenizer.model"
LICENSE = re.compile(r"^license:\s*[\"']?([\w.+-]+)", re.MULTILINE)
MAX_README_BYTES = 1 << 16


@dataclass(frozen=True)
class WholeFolder:
    """What a folder holds, told by names and configuration alone.

    `weights` are names in the folder; `problem` is a sentence when it is not whole.
    """

    model_type: str
    weights: tuple[str, ...]
    bytes: int
    quantization: str | None
    license: str | None
    problem: str | None

    @property
    def unrunnable(self) -> str | None:
        """Why nothing here runs it, in a sentence; None when something does."""
        from backends.registry import why_not

        return why_not(self.model_type)


def quantization_of(config: Mapping[str, Any]) -> str | None:
    """How a configuration says that the weights are stored: "4-bit", "mxfp4", None."""
    for key in ("quantization", "quantization_config"):
        steps = config.get(key)
        if isinstance(steps, dict):
            bits = steps.get("bits") or steps.get("num_bits")
            method = steps.get("mode") or steps.get("quant_method")
            if isinstance(bits, int | float) and math.isfinite(bits):
                return f"{bits:g}-bit"
            if isinstance(method, str):
                return method
    return None


def is_weights(name: str) -> bool:
    """Whether a file is one of a model's own weights, by the names that mlx-lm reads.

    What a backend of ours keeps beside them has such a name and is none.
    """
    named = "/" not in name and fnmatch(name, SHARDS)
    return named and name not in DERIVED_FILES.values()


def look_at_folder(directory: Path) -> WholeFolder | None:
    """A model of another family in a folder; None where there is none.

    A folder with a configuration and no trace of weights is none either. Raises
    `ConversionError` when it cannot be read.
    """
    try:
        names = {path.name: path for path in directory.iterdir()}
    except OSError as error:
        where = shown(str(directory))
        raise ConversionError(f"{where} cannot be read: {reason(error)}.") from error
    if CONFIG not in names:
        return None
    if not names[CONFIG].is_file():
        return _broken(f"{shown(str(directory / CONFIG))} is missing.")
    config = _json(names[CONFIG])
    model_type = config.get("model_type") if config else None
    if not isinstance(model_type, str) or model_type == GENESIS:
        return None
    weights = tuple(sorted(name for name in names if is_weights(name)))
    if not weights and INDEX not in names:
        return None
    return WholeFolder(
        model_type,
        weights,
        sum(path.stat().st_size for path in names.values() if path.is_file()),
        quantization_of(config or {}),
        _license(directory),
        _problem(directory, names, weights),
    )


def why_none(directory: Path) -> str:
    """Why a folder that is there holds no model of another family, as a sentence.

    Empty when its files say nothing. Never raises.
    """
    try:
        names = {path.name for path in directory.iterdir() if path.is_file()}
    except OSError:
        return ""
    where = shown(str(directory))
    files = sorted(n for n in names if n.endswith((".safetensors", ".gguf")))
    if CONFIG not in names:
        return (
            f"{where} has {shown(files[0])} and no {CONFIG}; convert the file with "
            "`genesis-chat models convert`, or get the model's whole folder."
            if files
            else ""
        )
    try:
        model_type = read_model_type(directory)
    except ConfigError as error:
        what, _, advice = str(error).rstrip(".").partition("; ")
        again = not advice or "convert" in advice
        return f"{what}; {'get the model again' if again else advice}."
    if model_type == GENESIS:
        return ""
    others = sorted(n for n in names if n.endswith((".bin", ".pt", ".pth")))
    only = f", only {shown(others[0])}, which could run any program" if others else ""
    return f"{where} has no {SHARDS}{only}; get the model as safetensors."


def manifest_of_folder(
    directory: Path, folder: WholeFolder, name: str, sha256: str
) -> Manifest:
    """A manifest that nobody wrote, with no files: of a model that is used in place.

    `sha256` is of its weights. Raises `ConversionError`.
    """
    weights = [directory / each for each in folder.weights]
    tensors = look_at_tensors(directory / CONFIG, weights)
    there = (directory / TOKENIZER).is_file()
    tokenizer = TOKENIZER if there else OTHER_TOKENIZER

    def source(path: Path, digest: str) -> SourceRecord:
        size = path.stat().st_size
        return SourceRecord("directory", name, path.name, None, size, digest)

    file = directory / tokenizer
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return manifest_as_stored(
        name,
        source(weights[0], sha256),
        source(file, digest),
        tensors,
        files={},
        family=folder.model_type,
        license=folder.license,
        stored_as=folder.quantization,
    )


def manifest_as_stored(
    name: str,
    source: SourceRecord,
    tokenizer: SourceRecord,
    tensors: Tensors,
    *,
    files: Mapping[str, FileRecord],
    family: str,
    license: str | None,
    stored_as: str | None,
) -> Manifest:
    """A manifest of a model of another family, made now, whose files are as they were.

    `source` is of its first weights.
    """
    return Manifest(
        name=name,
        source=source,
        tokenizer=tokenizer,
        tokenizer_kind=tokenizer.file,
        files=files,
        dtype=tensors.dtype,
        quantization=tensors.bits,
        parameters=tensors.parameters,
        configuration="metadata",
        corrected=(),
        left_out=(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        format=FORMAT_WITH_FAMILIES,
        family=family,
        license=license,
        stored_as=stored_as,
    )


def _problem(
    directory: Path, names: dict[str, Path], weights: tuple[str, ...]
) -> str | None:
    """Why it is not whole: a dangling link, or a file that an index names."""
    wanted = set(weights)
    where = shown(str(directory))
    if INDEX in names:
        try:
            wanted |= {*(indexed_files(directory) or ())}
        except WeightsError:
            return f"{INDEX} in {where} is damaged{AGAIN}."
    missing = sorted(n for n in wanted if n not in names or not names[n].is_file())
    if missing and len(wanted) == 1:
        return f"{where} lacks its {shown(missing[0])}{AGAIN}."
    if missing:
        return (
            f"{where} lacks {len(missing)} of its {len(wanted)} files of weights, such "
            f"as {shown(missing[0])}{AGAIN}."
        )
    here = [
        n for n in (TOKENIZER, OTHER_TOKENIZER) if n in names and names[n].is_file()
    ]
    return None if here else f"{where} has no {TOKENIZER}{AGAIN}."


def _broken(problem: str) -> WholeFolder:
    return WholeFolder("", (), 0, None, None, problem)


def _json(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(read_text(path, LARGEST_JSON, regular=True).text)
    except (OSError, ValueError, RecursionError, TextFileError):
        return None
    return content if isinstance(content, dict) else None


def _license(directory: Path) -> str | None:
    """As the head of a model's page says it."""
    try:
        with (directory / "README.md").open("rb") as file:
            text = file.read(MAX_README_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
    head = text.split("\n---", 1)[0] if text.startswith("---\n") else ""
    found = LICENSE.search(head)
    return found[1] if found else None
