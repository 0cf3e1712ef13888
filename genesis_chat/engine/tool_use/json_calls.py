"""Calls in JSON: `{"name": ..., "arguments": {...}}`, alone, in a row or in a list.

Llama 3 calls the arguments "parameters".
"""

import json
import re
from collections.abc import Iterator
from typing import Any

ARGUMENTS = ("arguments", "parameters")
_BETWEEN = re.compile(r"[\s;,]*")
_SPACE = re.compile(r"\s*")


def parse(text: str, tools: list[Any]) -> list[dict[str, Any]]:
    """The calls that a text consists of. Raises `ValueError` for any other text."""
    found = []
    for value in _values(text):
        for call in value if isinstance(value, list) else [value]:
            found.append(_call(call))
    return found


def _values(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    at = _end(_SPACE, text, 0)
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        yield value
        at = _end(_BETWEEN, text, at)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    assert match is not None
    return match.end()


def _call(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("a call is an object")
    # Some templates wrap it as OpenAI's interface does.
    inner = value.get("function")
    if isinstance(inner, dict):
        value = {**inner, "id": value.get("id")}
    given = [value[key] for key in ARGUMENTS if key in value]
    left = value.keys() - {"name", "id", "type", *ARGUMENTS}
    if "name" not in value or len(given) > 1 or left:
        raise ValueError("a call has a name and its arguments")
    (arguments,) = given or [{}]
    return {"name": value["name"], "arguments": arguments, "id": value.get("id")}
