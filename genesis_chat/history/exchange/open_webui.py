"""Reading a conversation of Open WebUI's export.

Relied on, and each allowed to be missing or odd: `chat` (or the whole, where only
that was saved) with `title`, `history.messages` (by id, with `parentId`,
`childrenIds`, `role`, `content`, `timestamp`, `files`, `done`, `error`, `model`,
`modelName`),
`history.currentId`, `messages` (one branch, for older exports), `system` and
`params.system`; around it `id`, `title`, `created_at` and `updated_at`.
"""

import re
from typing import Any

from ..records import NewConversation, Status
from .branches import Node, branches, conversation
from .content import attached, said
from .left_out import Place, Unreadable
from .loose import by_id, first_text, identity, items, mapping, moment, role
from .tree import related

PROGRAM = "Open WebUI"
# Thoughts and calls of tools are folded into the text.
_FOLDED = re.compile(
    # What was stopped while it thought has no end.
    r"<details type=\"(reasoning|tool_calls|code_interpreter)\".*?(</details>\s*|\Z)",
    re.DOTALL,
)


def is_conversation(value: dict[str, Any]) -> bool:
    """Whether a value has the structure of one."""
    chat = value.get("chat")
    if isinstance(chat, dict):
        return True
    return isinstance(mapping(value.get("history")).get("messages"), dict | list)


def read(value: dict[str, Any], place: Place) -> NewConversation:
    """The conversation with its branches. Raises `Unreadable`."""
    chat = mapping(value.get("chat")) or value
    history = mapping(chat.get("history"))
    found = history.get("messages") or chat.get("messages")
    nodes = _nodes(found)
    if not nodes:
        raise Unreadable("it has no 'history.messages'")
    parents, ranks = related(
        {id: identity(fields.get("parentId")) for id, fields in nodes.items()},
        {id: map(identity, items(m.get("childrenIds"))) for id, m in nodes.items()},
    )
    if isinstance(found, list) and not any(parents.values()):
        ids = list(nodes)
        parents = dict(zip(ids, [None, *ids], strict=False))
    head = identity(history.get("currentId"))
    tree = branches(
        {
            id: _node(nodes[id], parent, ranks.get(id, 0), place)
            if id in nodes
            else Node(parent)
            for id, parent in parents.items()
        },
        head,
        place,
    )
    system = first_text(chat, "system") or first_text(
        mapping(chat.get("params")), "system"
    )
    id = first_text(value, "id", "chat_id")
    return conversation(
        tree,
        title=first_text(value, "title") or first_text(chat, "title"),
        system=system,
        created=moment(value.get("created_at")) or moment(chat.get("timestamp")),
        updated=moment(value.get("updated_at")),
        origin=f"open-webui:{id}" if id else None,
    )


def _nodes(value: Any) -> dict[str, dict[str, Any]]:
    """Messages by their ids, also those of a list."""
    if isinstance(value, list):
        return by_id(value, "id")
    return {id: mapping(message) for id, message in mapping(value).items()}


def _node(fields: dict[str, Any], parent: str | None, rank: int, place: Place) -> Node:
    by = role(fields.get("role"))
    if by == "tool":
        place.kind("results of tools")
    elif by is None:
        place.message("it has no known role")
    if by in ("tool", None):
        return Node(parent, rank=rank)
    content = said(fields.get("content"), place)
    files = attached(fields.get("files"))
    failed = fields.get("error") not in (None, False, "")
    if content is None and not files and not failed:
        place.message("it has no text")
    content = _unfolded(content or "", place)
    whole = "\n\n".join(part for part in [*files, content] if part.strip())
    status: Status = "complete"
    if by == "assistant" and failed:
        status = "failed"
    elif by == "assistant" and fields.get("done") is False:
        status = "interrupted"
    if not whole:
        return Node(parent, rank=rank)
    model = first_text(fields, "modelName", "model") or PROGRAM
    when = moment(fields.get("timestamp"))
    return Node(parent, by, whole, when, status, rank, model)


def _unfolded(content: str, place: Place) -> str:
    for folded in _FOLDED.finditer(content):
        thought = folded[1] == "reasoning"
        place.kind("thoughts" if thought else "calls of tools and their results")
    return _FOLDED.sub("", content)
