"""Reading plain lists of messages, as most programs and datasets have them.

A message is an object with `role` (or `from`, `sender`, `author`) and `content` (or
`value`, `text`, `message`, `parts`); a conversation is a list of them, or an object
with such a list as `messages`, `conversation` or `conversations`, and perhaps `title`
(or `name`), `system` (or `prompt`), `model`, `id`, `created` and `updated` (or
`created_at`, `create_time`, `updated_at`, `update_time`).
"""

from typing import Any

from ..records import NewConversation
from .branches import Node, branches, conversation
from .content import said
from .json_values import Damaged
from .left_out import Place, Unreadable
from .loose import first_text, identity, items, mapping, moment, role, text

_BY = ("role", "from", "sender", "author", "speaker")
_SAID = ("content", "value", "text", "message", "parts")
_LISTS = ("messages", "conversation", "conversations")
_CREATED = ("created", "created_at", "createdAt", "create_time", "timestamp")
_UPDATED = ("updated", "updated_at", "updatedAt", "update_time")


def is_message(value: Any) -> bool:
    """Whether a value has the structure of a message."""
    fields = mapping(value)
    return any(name in fields for name in _BY) and any(name in fields for name in _SAID)


def is_bare(value: Any) -> bool:
    """Whether a value is a message that begins with who says it, or with what.

    Those that begin with an id are a part of some program's conversation.
    """
    return is_message(value) and next(iter(value)) in (*_BY, *_SAID)


def is_conversation(value: dict[str, Any]) -> bool:
    """Whether a value has the structure of a conversation."""
    return any(
        any(map(is_message, items(value.get(name))))
        or (name == "messages" and isinstance(value.get(name), list))
        for name in _LISTS
    )


def read(value: dict[str, Any], place: Place) -> NewConversation:
    """The conversation, a single branch. Raises `Unreadable`."""
    found = (items(value.get(name)) for name in _LISTS)
    messages = next((listed for listed in found if listed), [])
    if not messages:
        raise Unreadable("it has no messages")
    nodes: dict[str, Node] = {}
    last: str | None = None
    model = first_text(value, "model")
    for number, message in enumerate(messages):
        nodes[str(number)] = _node(message, last, model, place)
        last = str(number)
    id = next((i for n in ("id", "uuid") if (i := identity(value.get(n)))), None)
    return conversation(
        branches(nodes, last, place),
        title=first_text(value, "title", "name"),
        system=first_text(value, "system", "system_prompt", "prompt"),
        created=_moment(value, _CREATED),
        updated=_moment(value, _UPDATED),
        # An id in a list of anything may be a mere number: what is said counts too.
        origin=None if id is None else f"list:{id}",
    )


def _node(message: Any, parent: str | None, model: str, place: Place) -> Node:
    if isinstance(message, Damaged):
        place.message(message.reason)
        return Node(parent)
    fields = mapping(message)
    names = (
        role(fields.get(n)) or role(mapping(fields.get(n)).get("role")) for n in _BY
    )
    by = next((name for name in names if name), None)
    if by is None:
        place.message("it has no known role")
        return Node(parent)
    if by == "tool":
        place.kind("results of tools")
        return Node(parent)
    contents = (fields[name] for name in _SAID if fields.get(name) is not None)
    content = said(next(contents, None), place)
    if fields.get("tool_calls") or fields.get("function_call"):
        place.kind("calls of tools")
    elif content is None:
        place.message("it has no text")
    if not (content or "").strip():
        return Node(parent)
    model = first_text(fields, "model") or model
    return Node(parent, by, text(content), _moment(fields, _CREATED), model=model)


def _moment(fields: dict[str, Any], names: tuple[str, ...]) -> int | None:
    found = (moment(fields.get(name)) for name in names)
    return next((when for when in found if when is not None), None)
