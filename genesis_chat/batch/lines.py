"""The lines of a batch: our own form, and OpenAI's."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..completions import (
    ApiError,
    Completion,
    Defaults,
    chat_completion,
    parse_json,
    text_completion,
)
from ..completions.errors import unsupported, wrong
from ..errors import UsageError
from ..text_files import Readable, TextFileError, read_utf8

# In bytes, which are in memory.
LARGEST = 1 << 30
PARSERS = {
    "/v1/chat/completions": chat_completion,
    "/v1/completions": text_completion,
}


@dataclass(frozen=True)
class Line:
    """One line of the input.

    `key` tells it from every other line of any input; `id` is what it calls itself,
    or its number. With `openai` it is of OpenAI's form. What cannot be answered has
    an `error` instead of a `completion`.
    """

    number: int
    key: str
    id: Any
    openai: bool
    completion: Completion | None = None
    error: ApiError | None = None


def read_lines(
    source: Path | Readable, name: str, came: Callable[[], None] = lambda: None
) -> bytes:
    """All lines of a file or stream of some name, in UTF-8.

    Bytes that are not stay as they are, for `parse_lines` to tell of their line.
    `came` is called after each piece that was read. Raises `UsageError` when there
    are none.
    """
    try:
        data = read_utf8(source, LARGEST, came=came)
    except TextFileError as error:
        raise UsageError(f"{name} {error}; give lines of JSON.") from error
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}.") from error
    if not data.strip():
        raise UsageError(f"{name} has no lines; write a JSON object on each.")
    return data


def parse_lines(data: bytes, defaults: Defaults) -> list[Line]:
    """All lines but empty ones, checked."""
    texts = enumerate(data.split(b"\n"), 1)
    return [_line(number, text, defaults) for number, text in texts if text.strip()]


def _line(number: int, data: bytes, defaults: Defaults) -> Line:
    digest = hashlib.sha256(b"%d " % number + data.strip()).hexdigest()[:24]
    try:
        value = parse_json(data)
    except ApiError as error:
        return Line(number, digest, number, False, error=error)
    openai = isinstance(value, dict) and "custom_id" in value
    id = number
    if isinstance(value, dict):
        id = value.get("custom_id" if openai else "id", number)
    try:
        found = _openai(value, defaults) if openai else _own(value, defaults)
        return Line(number, digest, id, openai, found)
    except ApiError as error:
        return Line(number, digest, id, openai, error=error)


def _own(value: object, defaults: Defaults) -> Completion:
    if not isinstance(value, dict):
        raise wrong("line", "must be a JSON object.")
    body = {key: each for key, each in value.items() if key != "id"}
    if "prompt" in body:
        if "messages" in body:
            raise wrong("prompt", "cannot stand beside messages; leave one out.")
        body["messages"] = [{"role": "user", "content": body.pop("prompt")}]
    if (system := body.pop("system", None)) is not None:
        body["messages"] = [{"role": "system", "content": system}, *_list(body)]
    if body.get("n", 1) != 1:
        raise unsupported("n", "a line has one answer; repeat it.")
    return _checked(chat_completion(body, defaults))


def _openai(value: Mapping[str, Any], defaults: Defaults) -> Completion:
    left = value.keys() - {"custom_id", "method", "url", "body"}
    if left:
        raise unsupported(min(left), "is not part of a batch; leave it out.")
    if value.get("method") != "POST":
        raise wrong("method", "must be POST.")
    parser = PARSERS.get(str(value.get("url")))
    if parser is None:
        raise unsupported("url", f"must be one of {', '.join(PARSERS)}.")
    return _checked(parser(value.get("body"), defaults))


def _checked(found: Completion) -> Completion:
    if found.stream:
        raise unsupported("stream", "answers of a batch are whole; leave it out.")
    return found


def _list(body: Mapping[str, Any]) -> list[Any]:
    messages = body.get("messages")
    return messages if isinstance(messages, list) else [messages]
