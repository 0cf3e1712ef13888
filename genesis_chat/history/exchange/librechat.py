"""Reading a conversation of LibreChat's export.

Relied on, and each allowed to be missing or odd: `conversationId`, `title`,
`messages` or `messagesTree` (flat with `parentMessageId`, or nested by `children`),
`options.promptPrefix` or `options.system`; of a message `messageId`,
`isCreatedByUser`, `sender`, `model`, `text`, `content` (parts), `createdAt`,
`unfinished`, `error`, `files` and `attachments`.
"""

from typing import Any

from ..records import NewConversation, Status
from . import plain
from .branches import Node, branches, conversation
from .content import attached, said
from .left_out import Place, Unreadable
from .loose import first_text, identity, items, mapping, moment, role, text

PROGRAM = "LibreChat"
# Where a person made the model, it has an id there, and its name is the sender's.
_MADE = ("agent_", "asst_")
_PROMPTS = ("promptPrefix", "system", "instructions")


def is_conversation(value: dict[str, Any]) -> bool:
    """Whether a value has the structure of one."""
    if "messagesTree" in value:
        return True
    messages = [mapping(message) for message in items(value.get("messages"))]
    if any("messageId" in message for message in messages):
        return True
    # A message by itself names its conversation, too.
    return "conversationId" in value and not plain.is_message(value)


def read(value: dict[str, Any], place: Place) -> NewConversation:
    """The conversation with its branches. Raises `Unreadable`."""
    listed = items(value.get("messagesTree")) or items(value.get("messages"))
    if not listed:
        raise Unreadable("it has no 'messages'")
    nodes: dict[str, Node] = {}
    # Nested ones may be deep: no recursion. The last of the list is the next.
    waiting: list[tuple[Any, str | None, bool]] = [
        (message, None, False) for message in reversed(listed)
    ]
    last: str | None = None
    while waiting:
        message, above, nested = waiting.pop()
        fields = mapping(message)
        id = identity(fields.get("messageId"))
        id = id if id is not None and id not in nodes else f"#{len(nodes)}"
        parent = above if nested else identity(fields.get("parentMessageId"))
        if parent is None and "parentMessageId" not in fields and not nested:
            parent = last
        nodes[id] = _node(message, parent, place)
        last = id
        children = items(fields.get("children"))
        waiting += [(child, id, True) for child in reversed(children)]
    options = mapping(value.get("options"))
    system = first_text(options, *_PROMPTS) or first_text(value, *_PROMPTS)
    id = first_text(value, "conversationId", "id")
    return conversation(
        branches(nodes, None, place),
        title=text(value.get("title")),
        system=system,
        created=moment(value.get("createdAt")),
        updated=moment(value.get("updatedAt")),
        origin=f"librechat:{id}" if id else None,
    )


def _node(message: Any, parent: str | None, place: Place) -> Node:
    fields = mapping(message)
    by = role(fields.get("role")) or role(fields.get("sender"))
    if isinstance(fields.get("isCreatedByUser"), bool):
        by = "user" if fields["isCreatedByUser"] else "assistant"
    if by is None and first_text(fields, "sender"):
        # Assistants go by any name.
        by = "assistant"
    if by not in ("user", "assistant", "system"):
        place.message("it names no sender")
        return Node(parent)
    content = said(fields["content"], place) if fields.get("content") else None
    if not (content or "").strip():
        content = (
            text(fields["text"]) if isinstance(fields.get("text"), str) else content
        )
    files = [*attached(fields.get("files")), *attached(fields.get("attachments"))]
    if content is None and not files:
        place.message("it has no text")
    whole = "\n\n".join(part for part in [*files, content or ""] if part.strip())
    if not whole:
        return Node(parent)
    status: Status = "complete"
    if by == "assistant" and fields.get("error") is True:
        status = "failed"
    elif by == "assistant" and fields.get("unfinished") is True:
        status = "interrupted"
    model = first_text(fields, "model")
    if not model or model.startswith(_MADE):
        model = first_text(fields, "sender") or PROGRAM
    when = moment(fields.get("createdAt"))
    return Node(parent, by, whole, when, status, model=model)
