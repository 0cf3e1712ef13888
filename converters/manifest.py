"""The manifest of a converted model: what it was made from, and its files' sha256."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal

from .errors import ConversionError, reason, shown
from .json_fields import count, one_of, optional, plain_name, texts, typed
from .tokenization import FILE_NAMES
from .tokenization.base import without_surrogates
from .training_record import TrainingRecord

MANIFEST, CONFIG, WEIGHTS = "manifest.json", "config.json", "model.safetensors"
# Other families may have their weights in several files, with a table of them.
SHARDS, INDEX = "model*.safetensors", "model.safetensors.index.json"
# Genesis models are still written in the first format, so that older programs read
# them; other families are in the second.
FORMAT, FORMAT_WITH_FAMILIES = 1, 2
GENESIS = "genesis"
# The kinds of tokenizers that other families have, which are their files' names.
TOKENIZER_JSON = "tokenizer.json"
OtherKind = Literal["tokenizer.json", "tokenizer.model"]
CONVERTER = "1.0"
LATER_FIELDS = ("family", "license", "stored_as")
MAX_MANIFEST_BYTES = 1_000_000

Kind = Literal["file", "directory", "hub", "package"]
Provenance = Literal["metadata", "assumed"]


@dataclass(frozen=True)
class FileRecord:
    """One file's size in bytes and sha256 in hexadecimal."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class SourceRecord:
    """Where something came from.

    `name` is a file's or directory's own name, a Hub repository id or a Python
    package; `file` the file in it. `revision` is the Hub's commit or the package's
    version, None for local files.
    """

    kind: Kind
    name: str
    file: str
    revision: str | None
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """A converted model's provenance.

    `dtype` is "float32", "float16", "bfloat16", or "mixed" when the checkpoint is;
    `quantization` the bits of the large matrices or None; `parameters` counts tied
    embeddings once. `configuration` says whether the checkpoint's metadata held the
    configuration or the released one was assumed, with the fields `corrected` from
    the tensors' shapes. `left_out` names unknown tensors and configuration fields
    that were accepted and dropped. `created` is UTC in ISO 8601.

    `family` is the configuration's `model_type`. Only other families than "genesis",
    which are of the second format, have a `license` (an SPDX id, if the source names
    one) and `stored_as`, the types that the source's matrices had. `training` is what
    made the weights what they are, where that was done here.
    """

    name: str
    source: SourceRecord
    tokenizer: SourceRecord
    tokenizer_kind: str
    files: Mapping[str, FileRecord]
    dtype: str
    quantization: int | None
    parameters: int
    configuration: Provenance
    corrected: tuple[str, ...]
    left_out: tuple[str, ...]
    created: str
    format: int = FORMAT
    converter: str = CONVERTER
    family: str = GENESIS
    license: str | None = None
    stored_as: str | None = None
    training: TrainingRecord | None = None

    def to_json(self) -> str:
        """The text of `manifest.json`; file names need not be text themselves."""
        content = asdict(self)
        if self.format == FORMAT:
            for name in LATER_FIELDS:
                del content[name]
        if self.training is None:
            del content["training"]
        text = json.dumps(content, indent=2, ensure_ascii=False)
        return without_surrogates(text) + "\n"


def read_manifest(directory: Path | str) -> Manifest:
    """Read a converted model's manifest.

    Raises `ConversionError` when it is missing, damaged or of a newer format.
    """
    path = Path(directory) / MANIFEST
    with whole_manifest(path):
        return _from_json(read_content(path, (FORMAT, FORMAT_WITH_FAMILIES)))


def read_content(path: Path, formats: tuple[int, ...]) -> dict[str, Any]:
    """The content of a manifest of one of some formats. Raises `ConversionError`."""
    where = shown(str(path))
    try:
        with path.open("rb") as file:
            data = file.read(MAX_MANIFEST_BYTES + 1)
    except FileNotFoundError as error:
        raise ConversionError(
            f"{where} is missing, so this is no converted model."
        ) from error
    except OSError as error:
        raise ConversionError(f"{where} cannot be read: {reason(error)}.") from error
    except ValueError as error:
        raise ConversionError(f"{where} is not a valid path.") from error
    with whole_manifest(path):
        if len(data) > MAX_MANIFEST_BYTES:
            raise ValueError("too large")
        content: dict[str, Any] = json.loads(data)
        version = content["format"]
    if type(version) is not int or version not in formats:
        raise ConversionError(
            f"{where} has format {shown(str(version))}, and this program reads formats "
            f"{' and '.join(map(str, formats))}; update the program or convert the "
            "model again."
        )
    return content


@contextmanager
def whole_manifest(path: Path) -> Iterator[None]:
    """Inside, what reading JSON raises is that the manifest is damaged."""
    try:
        yield
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise ConversionError(
            f"{shown(str(path))} is damaged; convert the model again."
        ) from error


def listed_files(content: Mapping[str, Any]) -> dict[str, FileRecord]:
    """The files that a manifest lists."""
    return {
        plain_name(name): FileRecord(
            count(record["bytes"]), typed(record["sha256"], str)
        )
        for name, record in content["files"].items()
    }


def _from_json(content: dict[str, Any]) -> Manifest:
    files = listed_files(content)
    kind = content["tokenizer_kind"]
    first = content["format"] == FORMAT
    tokenizer = FILE_NAMES[kind] if first else one_of(OtherKind, kind)
    weights = WEIGHTS in files if first else any(fnmatch(f, SHARDS) for f in files)
    if not weights or not {CONFIG, tokenizer} <= files.keys():
        raise ValueError("it does not list a whole model")
    later: dict[str, Any] = {}
    if not first:
        later = {
            "family": typed(content["family"], str),
            "license": optional(content["license"]),
            "stored_as": optional(content["stored_as"]),
        }
        if later["family"] == GENESIS:
            raise ValueError("Genesis models have the first format")
    bits, training = content["quantization"], content.get("training")
    return Manifest(
        name=typed(content["name"], str),
        source=_source(content["source"]),
        tokenizer=_source(content["tokenizer"]),
        tokenizer_kind=kind,
        files=files,
        dtype=typed(content["dtype"], str),
        quantization=None if bits is None else count(bits),
        parameters=count(content["parameters"]),
        configuration=one_of(Provenance, content["configuration"]),
        corrected=texts(content["corrected"]),
        left_out=texts(content["left_out"]),
        created=typed(content["created"], str),
        format=content["format"],
        converter=typed(content["converter"], str),
        **later,
        training=None if training is None else TrainingRecord.from_json(training),
    )


def _source(content: dict[str, Any]) -> SourceRecord:
    revision = content["revision"]
    return SourceRecord(
        kind=one_of(Kind, content["kind"]),
        name=typed(content["name"], str),
        file=typed(content["file"], str),
        revision=optional(revision),
        bytes=count(content["bytes"]),
        sha256=typed(content["sha256"], str),
    )
