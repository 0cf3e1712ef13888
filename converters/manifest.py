"""The manifest of a converted model: what it was made from, and its files' sha256."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal, get_args

from .digest import sha256
from .errors import ConversionError, reason, shown
from .progress import Progress, silent
from .tokenization import FILE_NAMES
from .tokenization.base import without_surrogates

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
MAX_NAME_BYTES = 255

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
    one) and `stored_as`, the types that the source's matrices had.
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

    def to_json(self) -> str:
        """The text of `manifest.json`; file names need not be text themselves."""
        content = asdict(self)
        if self.format == FORMAT:
            for name in LATER_FIELDS:
                del content[name]
        text = json.dumps(content, indent=2, ensure_ascii=False)
        return without_surrogates(text) + "\n"


def read_manifest(directory: Path | str) -> Manifest:
    """Read a converted model's manifest.

    Raises `ConversionError` when it is missing, damaged or of a newer format.
    """
    path = Path(directory) / MANIFEST
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
    try:
        if len(data) > MAX_MANIFEST_BYTES:
            raise ValueError("too large")
        content = json.loads(data)
        version = content["format"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise ConversionError(
            f"{where} is damaged; convert the model again."
        ) from error
    if type(version) is not int or version not in (FORMAT, FORMAT_WITH_FAMILIES):
        raise ConversionError(
            f"{where} has format {shown(str(version))}, and this program reads formats "
            f"{FORMAT} and {FORMAT_WITH_FAMILIES}; update the program or convert the "
            "model again."
        )
    try:
        return _from_json(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConversionError(
            f"{where} is damaged; convert the model again."
        ) from error


def verify(directory: Path | str, progress: Progress = silent) -> list[str]:
    """Check every file of a converted model against its manifest.

    Weights that a backend keeps beside them are checked against their own sha256.
    Returns one sentence per problem, none when the model is whole. `progress` is
    called with the stage "verify" and bytes.
    """
    from backends.derived_file import DERIVED_FILES, check_derived

    directory = Path(directory)
    try:
        manifest = read_manifest(directory)
    except ConversionError as error:
        return list(error.problems)
    problems = []
    total = sum(record.bytes for record in manifest.files.values())
    done = 0
    for name, record in manifest.files.items():

        def report(read: int, before: int = done) -> None:
            progress("verify", before + read, total)

        try:
            found = file_record(directory / name, report)
        except FileNotFoundError:
            problems.append(f"{name} is missing.")
            continue
        except OSError as error:
            problems.append(f"{name} cannot be read: {reason(error)}.")
            continue
        if found.bytes != record.bytes:
            problems.append(
                f"{name} has {found.bytes:,} bytes instead of {record.bytes:,}."
            )
        elif found.sha256 != record.sha256:
            problems.append(f"{name} was changed: its sha256 is another one.")
        done += record.bytes
    for name in DERIVED_FILES.values():
        try:
            problems += filter(None, [check_derived(directory / name)])
        except OSError as error:
            problems.append(f"{name} cannot be read: {reason(error)}.")
    return problems


def file_records(directory: Path, progress: Progress) -> dict[str, FileRecord]:
    """Size and sha256 of every file, read back from where they were written.

    `progress` is called with the stage "verify" and bytes.
    """
    paths = sorted(directory.iterdir())
    total = sum(path.stat().st_size for path in paths)
    records = {}
    done = 0
    for path in paths:

        def report(read: int, before: int = done) -> None:
            progress("verify", before + read, total)

        records[path.name] = file_record(path, report)
        done += records[path.name].bytes
    return records


def file_record(path: Path, report: Callable[[int], None]) -> FileRecord:
    """Size and sha256 of a file; `report` gets the bytes read so far."""
    with path.open("rb") as file:
        return FileRecord(*sha256(file, report))


def _from_json(content: dict[str, Any]) -> Manifest:
    files = {
        _plain_name(name): FileRecord(
            _count(record["bytes"]), _typed(record["sha256"], str)
        )
        for name, record in content["files"].items()
    }
    kind = content["tokenizer_kind"]
    first = content["format"] == FORMAT
    tokenizer = FILE_NAMES[kind] if first else _one_of(OtherKind, kind)
    weights = WEIGHTS in files if first else any(fnmatch(f, SHARDS) for f in files)
    if not weights or not {CONFIG, tokenizer} <= files.keys():
        raise ValueError("it does not list a whole model")
    later: dict[str, Any] = {}
    if not first:
        later = {
            "family": _typed(content["family"], str),
            "license": _optional(content["license"]),
            "stored_as": _optional(content["stored_as"]),
        }
        if later["family"] == GENESIS:
            raise ValueError("Genesis models have the first format")
    bits = content["quantization"]
    return Manifest(
        name=_typed(content["name"], str),
        source=_source(content["source"]),
        tokenizer=_source(content["tokenizer"]),
        tokenizer_kind=kind,
        files=files,
        dtype=_typed(content["dtype"], str),
        quantization=None if bits is None else _count(bits),
        parameters=_count(content["parameters"]),
        configuration=_one_of(Provenance, content["configuration"]),
        corrected=_texts(content["corrected"]),
        left_out=_texts(content["left_out"]),
        created=_typed(content["created"], str),
        format=content["format"],
        converter=_typed(content["converter"], str),
        **later,
    )


def _source(content: dict[str, Any]) -> SourceRecord:
    revision = content["revision"]
    return SourceRecord(
        kind=_one_of(Kind, content["kind"]),
        name=_typed(content["name"], str),
        file=_typed(content["file"], str),
        revision=_optional(revision),
        bytes=_count(content["bytes"]),
        sha256=_typed(content["sha256"], str),
    )


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}")
    return value


def _optional(value: Any) -> str | None:
    return None if value is None else str(_typed(value, str))


def _count(value: Any) -> int:
    if not 0 <= _typed(value, int) < 1 << 63:
        raise ValueError("not a count")
    return int(value)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_typed(text, str) for text in _typed(value, list))


def _one_of(kind: Any, value: Any) -> Any:
    if value not in get_args(kind):
        raise ValueError("not one of the words that may stand here")
    return value


def _plain_name(name: str) -> str:
    # What is not UTF-8 raises ValueError here, too.
    too_long = len(name.encode()) > MAX_NAME_BYTES
    if too_long or name in ("", ".", "..") or set(name) & set("/\\\0"):
        raise ValueError("not a plain file name")
    return name
