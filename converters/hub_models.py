"""Whole models of other families from the Hub: what is needed of a repository.

Most repositories hold the same weights several times over. Only safetensors in the
form that mlx-lm reads are taken, with the small files beside them.
"""

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backends.text_files import LARGEST_JSON, TextFileError, decode_text

from .errors import ConversionError, shown
from .hub import download_rest, listing, sentences, unreachable
from .manifest import CONFIG, GENESIS, INDEX, SHARDS
from .progress import silent
from .whole_folder import (
    OTHER_TOKENIZER,
    TOKENIZER,
    is_weights,
    quantization_of,
)

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo, RepoSibling

SMALL_FILES = (
    CONFIG,
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "hf_quant_config.json",
    INDEX,
)
# Weights that are converted, from a file that is named or found.
CONVERTIBLE = (".safetensors", ".gguf")


@dataclass(frozen=True)
class WantedFile:
    """A file to download; `sha256` is what the Hub says of it, for large ones."""

    name: str
    bytes: int
    sha256: str | None

    @property
    def is_weights(self) -> bool:
        """Whether it holds weights."""
        return is_weights(self.name)


@dataclass(frozen=True)
class Download:
    """What a model of the Hub consists of, before anything large is fetched.

    `license` is an SPDX id as the repository gives it, or None; `quantization` says
    in a word how the weights are stored, such as "4-bit", or None.
    """

    repository: str
    commit: str
    model_type: str
    files: tuple[WantedFile, ...]
    license: str | None
    quantization: str | None

    @property
    def bytes(self) -> int:
        """All files together."""
        return sum(file.bytes for file in self.files)

    @property
    def weight_bytes(self) -> int:
        """All files of weights together."""
        return sum(file.bytes for file in self.files if file.is_weights)

    def __str__(self) -> str:
        """What is told before it is fetched."""
        kind = ", ".join(filter(None, (self.model_type, self.quantization)))
        license = f"under {self.license}" if self.license else "license not stated"
        size = f"{self.bytes / 1e6:,.0f} MB in {len(self.files)} files"
        return f"{self.repository} ({shown(kind)}), {shown(license)}: {size}."


def look(repository: str, revision: str | None = None) -> Download | None:
    """What has to be fetched of a repository of another family than Genesis.

    None when it holds something that is to be converted: a Genesis checkpoint or
    GGUF files. Raises `ConversionError` with one sentence saying what to do.
    """
    with sentences(repository, revision):
        try:
            info, files = listing(repository, revision)
        except Exception as error:
            # What was downloaded before may still be converted.
            if unreachable(error):
                return None
            raise
        if CONFIG not in files:
            return None
        commit, where = str(info.sha), shown(repository)
        config = _json(repository, files[CONFIG], commit)
        model_type = config.get("model_type")
        weights = [name for name in files if is_weights(name)]
        if not isinstance(model_type, str) or model_type == GENESIS:
            return None
        if not weights:
            if any(name.endswith(CONVERTIBLE) for name in files):
                return None
            raise ConversionError(
                f"{where} has no weights in safetensors (model*.safetensors); take a "
                "version that has, such as one by mlx-community."
            )
        if INDEX in files:
            table = _json(repository, files[INDEX], commit)
            weights = _named(repository, table, files)
        wanted = [name for name in SMALL_FILES if name in files] + sorted(weights)
        if TOKENIZER not in files:
            if OTHER_TOKENIZER not in files:
                raise ConversionError(
                    f"{where} has no tokenizer, so nobody can talk to it; take a "
                    "version that has tokenizer.json."
                )
            wanted.append(OTHER_TOKENIZER)
        return Download(
            repository,
            commit,
            model_type,
            tuple(_wanted(name, files[name]) for name in wanted),
            _license(info),
            quantization_of(config),
        )


def check_use(wanted: Download, force: bool = False) -> None:
    """Refuse, before it is fetched, what could not be run on this computer.

    With `force` it may be larger than the memory. Raises `ConversionError`.
    """
    from backends.errors import BackendError
    from backends.memory import MemoryLimitError, check_bytes
    from backends.registry import choose

    where = shown(wanted.repository)
    try:
        entry = choose(wanted.model_type).entry
        if not force:
            check_bytes(entry, wanted.weight_bytes)
    except MemoryLimitError as error:
        raise ConversionError(
            f"{where} {error}; take a smaller or a quantised version, or insist with "
            "--force."
        ) from error
    except BackendError as error:
        raise ConversionError(f"{where} was not fetched. {error}") from error


def _named(
    repository: str, table: Mapping[str, Any], files: Iterable[str]
) -> list[str]:
    """The files an index names. Raises `ConversionError` if some are not there."""
    try:
        names = sorted({str(name) for name in table["weight_map"].values()})
    except (KeyError, AttributeError) as error:
        raise ConversionError(
            f"{shown(repository)} has a damaged {INDEX}; it cannot be used as it is."
        ) from error
    if strange := [name for name in names if not is_weights(name)]:
        raise ConversionError(
            f"{shown(repository)} names its weights {shown(strange[0])}, and only "
            f"{SHARDS} can be read; take another version."
        )
    missing = sorted(set(names) - set(files))
    if missing:
        raise ConversionError(
            f"{shown(repository)} lacks {len(missing)} of its {len(names)} files of "
            f"weights, such as {shown(missing[0])}; it cannot be used as it is."
        )
    return names


def _wanted(name: str, entry: "RepoSibling") -> WantedFile:
    lfs = entry.lfs
    return WantedFile(name, int(entry.size or 0), lfs.sha256 if lfs else None)


def _license(info: "ModelInfo") -> str | None:
    for tag in info.tags or ():
        if tag.startswith("license:"):
            return str(tag.removeprefix("license:"))
    return None


def _json(repository: str, entry: "RepoSibling", commit: str) -> dict[str, Any]:
    """A small file's content, read without leaving a trace on the disk."""
    name, size = entry.rfilename, int(entry.size or 0)
    damaged = ConversionError(f"{shown(name)} in {shown(repository)} is damaged.")
    if size > LARGEST_JSON:
        raise damaged
    file = io.BytesIO()
    download_rest(repository, name, commit, file, size, silent)
    try:
        content = json.loads(decode_text(file.getvalue()).text)
    except (ValueError, RecursionError, TextFileError) as error:
        raise damaged from error
    if not isinstance(content, dict):
        raise damaged
    return content
