"""Reading `conversations.json` of a ChatGPT data export."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..records import NewConversation, NewMessage, Role, Status
from .checked import FIRST_TIME, LAST_TIME, Fields, Refused
from .parsing import parse
from .tree import in_order

TEXTS = ("text", "multimodal_text")


@dataclass
class LeftOut:
    """How much of a file has no place here."""

    parts: int = 0
    conversations: int = 0


def read(text: str, note: Callable[[str], None]) -> list[NewConversation]:
    """The conversations with their branches, the last one changed last.

    `note` is told what was left out. Raises `Refused`.
    """
    document = parse(text)
    values = document if isinstance(document, list) else [document]
    left = LeftOut()
    found: list[tuple[float, NewConversation]] = []
    for number, value in enumerate(values, 1):
        fields = Fields(value, f"conversation {number}")
        conversation = _conversation(fields, left)
        if conversation.messages:
            changed = fields.number("update_time") or fields.number("create_time")
            found.append((changed or 0.0, conversation))
        else:
            left.conversations += 1
    if left.parts:
        note(f"Left out, as it is not text: {left.parts} pictures, files or thoughts.")
    if left.conversations:
        note(f"Left out, as nothing is in them: {left.conversations} conversations.")
    return [conversation for _, conversation in sorted(found, key=lambda f: f[0])]


def _conversation(fields: Fields, left: LeftOut) -> NewConversation:
    nodes = {
        id: Fields(value, f"a message of {fields.place}")
        for id, value in fields.mapping("mapping").items()
    }
    parents, ranks = _relations(nodes)
    created = _time(fields, "create_time")
    system, messages = "", list[NewMessage]()
    # The message that stands for each node: itself, or the last one before it.
    nearest: dict[str | None, int | None] = {None: None}
    for id in in_order(parents, fields.place, ranks):
        above = nearest[id] = nearest[parents[id]]
        if "message" not in nodes[id]:
            continue
        message = Fields(nodes[id].mapping("message"), nodes[id].place)
        role, content = _text(message, left)
        if role == "system":
            system = system or content
        elif role is not None:
            nearest[id] = len(messages)
            messages.append(_message(message, role, content, above, created))
    head = fields.optional_text("current_node")
    if head is not None and head not in nodes:
        raise Refused(f"'current_node' of {fields.place} is none of its messages")
    title = fields.optional_text("title") or ""
    return NewConversation(title, system, tuple(messages), nearest[head], created)


def _relations(
    nodes: dict[str, Fields],
) -> tuple[dict[str, str | None], dict[str, int]]:
    """Each node's parent, and its place among its siblings."""
    parents = {id: node.optional_text("parent") for id, node in nodes.items()}
    ranks: dict[str, int] = {}
    for id, node in nodes.items():
        for rank, child in enumerate(
            node.items("children") if "children" in node else ()
        ):
            if not isinstance(child, str):
                raise Refused(f"'children' of {node.place} holds what is no id")
            if child in nodes and parents[child] in (None, id):
                parents[child] = id
                ranks[child] = rank
    return parents, ranks


def _text(message: Fields, left: LeftOut) -> tuple[Any, str]:
    """A message's role and text; no role for what a person does not see."""
    role = Fields(message.mapping("author"), message.place).text("role")
    hidden = (
        role not in ("system", "user", "assistant")
        or (message.optional_text("recipient") or "all") != "all"
        or message.number("weight") == 0
        or ("metadata" in message and _is_hidden(message.mapping("metadata")))
    )
    if hidden or "content" not in message:
        return None, ""
    content = Fields(message.mapping("content"), message.place)
    if (content.optional_text("content_type") or "text") not in TEXTS:
        left.parts += 1
        return None, ""
    texts = [_part(part, content.place) for part in content.items("parts")]
    left.parts += texts.count(None)
    text = "\n\n".join(text for text in texts if text)
    return (role, text) if text.strip() else (None, "")


def _part(part: Any, place: str) -> str | None:
    if isinstance(part, str):
        return Fields({"parts": part}, place).text("parts")
    # What was said aloud comes as sound and as text.
    if isinstance(part, dict) and part.get("content_type") == "audio_transcription":
        return Fields(part, place).text("text")
    return None


def _is_hidden(metadata: dict[str, Any]) -> bool:
    return bool(metadata.get("is_visually_hidden_from_conversation"))


def _message(
    fields: Fields, role: Role, content: str, parent: int | None, created: int | None
) -> NewMessage:
    whole = fields.optional_text("status") in (None, "finished_successfully")
    status: Status = "complete" if whole or role == "user" else "interrupted"
    own = _time(fields, "create_time")
    return NewMessage(role, content, parent, created if own is None else own, status)


def _time(fields: Fields, name: str) -> int | None:
    """Seconds since 1970 in milliseconds."""
    seconds = fields.number(name)
    if seconds is None:
        return None
    if not FIRST_TIME <= seconds * 1000 <= LAST_TIME:
        raise Refused(f"{name!r} of {fields.place} is out of range")
    return round(seconds * 1000)
