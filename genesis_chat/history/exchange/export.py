"""Conversations as files.

JSON and JSON Lines hold whole trees; Markdown holds the branch that is shown.
Damage in a history is not passed on: what is exported can be imported.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, TextIO

from ..records import Conversation, Receipt, StoredMessage
from ..rows import storable
from . import markdown
from .checked import FIRST_TIME, LAST_TIME, Refused
from .native import FORMAT, STATUSES, VERSION, to_receipt
from .tree import selected

# A conversation and its whole tree, parents before children, as `Store` gives them.
Exported = tuple[Conversation, Sequence[StoredMessage]]


def export_json(conversations: Iterable[Exported], stream: TextIO) -> None:
    """Write one JSON document; a line for every message keeps it easy to compare.

    The stream must be UTF-8. Raises `OSError` as the stream does.
    """
    head = _json({"format": FORMAT, "version": VERSION, "conversations": []})
    stream.write(head.removesuffix("]}"))
    for number, exported in enumerate(conversations):
        stream.write(",\n" if number else "\n")
        _write(exported, stream, {}, "\n")
    stream.write("\n]}\n")


def export_jsonl(conversations: Iterable[Exported], stream: TextIO) -> None:
    """Write one JSON object a line, one for each conversation.

    The stream must be UTF-8. Raises `OSError` as the stream does.
    """
    for exported in conversations:
        _write(exported, stream, {"format": FORMAT, "version": VERSION}, "")
        stream.write("\n")


def export_markdown(conversations: Iterable[Exported], stream: TextIO) -> None:
    """Write the branch that is shown of each conversation, to be read by people.

    The stream must be UTF-8 and must not translate line ends. Raises `OSError` as
    the stream does.
    """
    for number, (conversation, messages) in enumerate(conversations):
        if number:
            stream.write("\n")
        markdown.write(conversation, selected(conversation, messages), stream)


def _write(
    exported: Exported, stream: TextIO, first: dict[str, Any], separator: str
) -> None:
    conversation, messages = exported
    ids = {message.id for message in messages}
    head = _json(
        {
            **first,
            "id": conversation.id,
            "title": conversation.title,
            "system": conversation.system,
            "head": conversation.head if conversation.head in ids else None,
            "created": _time(conversation.created),
            "updated": _time(conversation.updated),
            "messages": [],
        }
    )
    stream.write(head.removesuffix("]}"))
    seen: set[str] = set()
    for message in messages:
        stream.write("," + separator if seen else separator)
        stream.write(_json(_message(message, seen)))
        seen.add(message.id)
    stream.write(separator + "]}")


def _message(message: StoredMessage, seen: set[str]) -> dict[str, Any]:
    return {
        "id": message.id,
        "parent": message.parent if message.parent in seen else None,
        "role": message.role if message.role == "user" else "assistant",
        "content": message.content,
        "status": message.status if message.status in STATUSES else "damaged",
        "created": _time(message.created),
        "token_ids": message.token_ids,
        "receipt": _receipt(message.receipt),
        **({"thought": message.thought} if message.thought else {}),
    }


def _receipt(receipt: Receipt | None) -> dict[str, Any] | None:
    if receipt is None:
        return None
    try:
        return asdict(to_receipt(_finite(asdict(receipt)), "a receipt", []))
    except Refused:
        return None


def _finite(value: Any) -> Any:
    """The value with null for every number that JSON does not know."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _time(milliseconds: int) -> int | None:
    return milliseconds if FIRST_TIME <= milliseconds <= LAST_TIME else None


def _json(value: Any) -> str:
    # A file is text: what UTF-8 cannot hold goes, escaped NULs at the import.
    return storable(json.dumps(value, ensure_ascii=False, allow_nan=False))
