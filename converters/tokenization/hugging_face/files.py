"""What the files beside a tokenizer.json say: special tokens, ends, chat template."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backends.stand_ins import SNIFFED_BYTES, stand_in
from backends.text_files import TextFileError, decode_text

from ...errors import ConversionError, reason, shown

MAX_FILE_BYTES = 16_000_000


@dataclass(frozen=True)
class TokenizerFiles:
    """The files of a model's directory that say how it reads and ends text.

    `special` are named special tokens, such as `bos_token`, by name; `added` those
    that the tokenizer's configuration has by id; `end_ids` the ids with which the
    configurations say that a text ends.
    """

    special: dict[str, str] = field(default_factory=dict)
    added: dict[int, dict[str, Any]] = field(default_factory=dict)
    end_ids: tuple[int, ...] = ()
    chat_template: str | None = None


def read_tokenizer_files(directory: Path) -> TokenizerFiles:
    """Read them, those that are there. Raises `ConversionError` naming a file."""
    config = _read_object(directory / "tokenizer_config.json")
    named = _read_object(directory / "special_tokens_map.json")
    special = {
        name: text
        for source in (named, config)
        for name, value in source.items()
        if name.endswith("_token") and (text := _token_text(value)) is not None
    }
    ends = [
        identifier
        for name in ("config.json", "generation_config.json")
        for identifier in _end_ids(_read_object(directory / name))
    ]
    return TokenizerFiles(
        special,
        _added(config),
        tuple(dict.fromkeys(ends)),
        _template(directory, config),
    )


def _template(directory: Path, config: Mapping[str, Any]) -> str | None:
    """The chat template: its own file's, else the configuration's."""
    path = directory / "chat_template.jinja"
    if path.is_file():
        try:
            return decode_text(_read(path)).text
        except TextFileError as error:
            raise ConversionError(f"{shown(str(path))} {error}.") from error
    older = _read_object(directory / "chat_template.json").get("chat_template")
    found = config.get("chat_template", older)
    if isinstance(found, list):
        named = {
            each.get("name"): each.get("template")
            for each in found
            if isinstance(each, dict)
        }
        found = named.get("default")
    return found if isinstance(found, str) and found.strip() else None


def _end_ids(config: Mapping[str, Any]) -> Iterator[int]:
    text_config = config.get("text_config")
    for source in (config, text_config if isinstance(text_config, dict) else {}):
        found = source.get("eos_token_id")
        for each in found if isinstance(found, list) else [found]:
            if type(each) is int and each >= 0:
                yield each


def _token_text(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else None


def _added(config: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    found = config.get("added_tokens_decoder")
    if not isinstance(found, dict):
        return {}
    return {
        int(key): value
        for key, value in found.items()
        if key.isdecimal() and isinstance(value, dict) and _token_text(value)
    }


def _read_object(path: Path) -> dict[str, Any]:
    """A JSON file's object; empty when there is no such file."""
    if not path.is_file():
        return {}
    data = _read(path)
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        wrong = "is not valid JSON; get the file again"
        clause = stand_in(data[:SNIFFED_BYTES]) or wrong
        raise ConversionError(f"{shown(str(path))} {clause}.") from error
    if not isinstance(found, dict):
        raise ConversionError(
            f"{shown(str(path))} holds no JSON object; get the file again."
        )
    return found


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConversionError(
            f"{shown(str(path))} cannot be read: {reason(error)}."
        ) from error
    if len(data) > MAX_FILE_BYTES:
        raise ConversionError(
            f"{shown(str(path))} is larger than {MAX_FILE_BYTES:,} bytes."
        )
    return data
