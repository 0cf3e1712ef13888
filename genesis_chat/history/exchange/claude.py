"""Reading a conversation of Claude's data export.

Relied on, and each allowed to be missing or odd: `chat_messages`, `name`, `uuid`,
`created_at`, `updated_at`, `current_leaf_message_uuid`; of a message `uuid`,
`sender`, `content` (blocks of the types `text`, `thinking`, `tool_use`,
`tool_result`), `text`, `attachments` (`file_name`, `extracted_content`), `files`,
`created_at`, `model`, and `parent_message_uuid`, which older exports do not have.
"""

import re
from typing import Any

from ..records import NewConversation
from .branches import Node, branches, conversation
from .canvas import artifact, with_artifacts
from .content import attached, said
from .left_out import Place, Unreadable
from .loose import first_text, identity, items, mapping, moment, role, text

PROGRAM = "Claude"
_DOCUMENTS = ("artifacts", "create_file")
# What `text` has in place of a call of a tool.
_UNSUPPORTED = re.compile(
    r"```\s*This block is not supported on your current device yet\.\s*```\s*"
)
_THOUGHT = re.compile(r"<antThinking>.*?(?:</antThinking>|\Z)\s*", re.DOTALL)


def is_conversation(value: dict[str, Any]) -> bool:
    """Whether a value has the structure of one."""
    return "chat_messages" in value


def read(value: dict[str, Any], place: Place) -> NewConversation:
    """The conversation with its branches. Raises `Unreadable`."""
    messages = items(value.get("chat_messages"))
    if not messages:
        raise Unreadable("it has no 'chat_messages'")
    nodes: dict[str, Node] = {}
    ids = [identity(mapping(message).get("uuid")) for message in messages]
    known = set(ids) - {None}
    tree = any(_parent(message) in known for message in messages)
    last: str | None = None
    for number, message in enumerate(messages):
        parent = _parent(message) if tree else last
        if tree and "parent_message_uuid" not in mapping(message):
            parent = last
        id = ids[number]
        last = id if id is not None and id not in nodes else f"#{number}"
        nodes[last] = _node(message, parent, place)
    head = identity(value.get("current_leaf_message_uuid")) or last
    id = first_text(value, "uuid", "id")
    return conversation(
        branches(nodes, head, place),
        title=first_text(value, "name", "title"),
        created=moment(value.get("created_at")),
        updated=moment(value.get("updated_at")),
        origin=f"claude:{id}" if id else None,
    )


def _parent(message: Any) -> str | None:
    return identity(mapping(message).get("parent_message_uuid"))


def _node(message: Any, parent: str | None, place: Place) -> Node:
    fields = mapping(message)
    by = role(fields.get("sender")) or role(fields.get("role"))
    if by not in ("user", "assistant"):
        place.message("it has no known sender")
        return Node(parent)
    files = attached(fields.get("attachments"))
    # A file with its text may be named once more among those without.
    named = {file.partition("\n")[0] for file in files}
    files += [line for line in attached(fields.get("files")) if line not in named]
    content = _content(fields, place)
    if content is None and not files:
        place.message("it has no text")
    if by == "assistant":
        content = _readable(content or "", place)
    whole = "\n\n".join(part for part in [*files, content or ""] if part.strip())
    if not whole:
        return Node(parent)
    model = first_text(fields, "model") or PROGRAM
    return Node(parent, by, whole, moment(fields.get("created_at")), model=model)


def _content(fields: dict[str, Any], place: Place) -> str | None:
    blocks = fields.get("content")
    if isinstance(blocks, list):
        texts = [_block(block, place) for block in blocks]
        if found := "\n\n".join(part for part in texts if part and part.strip()):
            return found
    elif found := text(blocks):
        return found
    return text(fields["text"]) if isinstance(fields.get("text"), str) else None


def _readable(content: str, place: Place) -> str:
    """A reply without what is no text in it."""
    content, thoughts = _THOUGHT.subn("", content)
    if thoughts:
        place.kind("thoughts")
    return with_artifacts(_UNSUPPORTED.sub("", content))


def _block(block: Any, place: Place) -> str | None:
    fields = mapping(block)
    if fields.get("type") == "tool_use" and fields.get("name") in _DOCUMENTS:
        return artifact(mapping(fields.get("input")))
    return said(block, place)
