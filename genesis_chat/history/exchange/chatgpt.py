"""Reading a conversation of a ChatGPT data export.

Relied on, and each allowed to be missing or odd: `mapping` (nodes by id, with
`parent`, `children` and `message`), `current_node`, `title`, `create_time`,
`update_time`, `conversation_id` or `id`; of a message `author.role`, `create_time`,
`content` (`content_type` with `parts`, `text` or `result`), `status`, `weight`,
`recipient`, and of its `metadata` `is_visually_hidden_from_conversation`,
`is_user_system_message`, `model_slug`, `attachments` (`id`, `name`, `mime_type`),
`content_references` and `citations`.
"""

from typing import Any

from ..records import NewConversation, Status
from .branches import Node, branches, conversation
from .canvas import document, is_canvas, titled
from .citations import readable
from .content import attached, named
from .left_out import Place, Unreadable
from .loose import by_id, first_text, identity, items, mapping, moment, role, text
from .tree import related

PROGRAM = "ChatGPT"
THOUGHTS = ("thoughts", "reasoning_recap")
# What a person told about themselves for all conversations, and what was remembered.
CONTEXTS = ("user_editable_context", "model_editable_context")


def is_conversation(value: dict[str, Any]) -> bool:
    """Whether a value has the structure of one."""
    return "mapping" in value or {"current_node", "moderation_results"} <= value.keys()


def read(value: dict[str, Any], place: Place) -> NewConversation:
    """The conversation with its branches. Raises `Unreadable`."""
    found = _nodes(value.get("mapping"))
    if not found:
        raise Unreadable("it has no 'mapping' with messages in it")
    parents, ranks = related(
        {id: identity(node.get("parent")) for id, node in found.items()},
        {id: map(identity, items(n.get("children"))) for id, n in found.items()},
    )
    nodes = {
        id: _node(found.get(id, {}), parent, ranks.get(id, 0), place)
        for id, parent in parents.items()
    }
    id = first_text(value, "conversation_id", "id")
    return conversation(
        branches(nodes, identity(value.get("current_node")), place),
        title=text(value.get("title")),
        created=moment(value.get("create_time")),
        updated=moment(value.get("update_time")),
        origin=f"chatgpt:{id}" if id else None,
    )


def _nodes(value: Any) -> dict[str, dict[str, Any]]:
    """Nodes by their ids, also of a list of them."""
    if isinstance(value, list):
        return by_id(value, "id")
    ids = [(identity(id), node) for id, node in mapping(value).items()]
    return {id: mapping(node) for id, node in ids if id is not None}


def _node(fields: dict[str, Any], parent: str | None, rank: int, place: Place) -> Node:
    message = fields.get("message")
    if message is None:
        return Node(parent, rank=rank)
    if not isinstance(message, dict):
        place.message("it is not an object")
        return Node(parent, rank=rank)
    if _is_hidden(message):
        return Node(parent, rank=rank)
    author = message.get("author")
    by = role(author) or role(mapping(author).get("role"))
    if by is None:
        place.message("its author has no known role")
        return Node(parent, rank=rank)
    content = _content(message, by, place)
    if not content.strip():
        return Node(parent, rank=rank)
    state = text(message.get("status"))
    whole = by == "user" or state in ("", "finished_successfully")
    status: Status = "complete" if whole else "interrupted"
    by = "assistant" if by == "tool" else by
    when = moment(message.get("create_time"))
    model = first_text(mapping(message.get("metadata")), "model_slug") or PROGRAM
    return Node(parent, by, content, when, status, rank, model)


def _is_hidden(message: dict[str, Any]) -> bool:
    metadata = mapping(message.get("metadata"))
    hidden = metadata.get("is_visually_hidden_from_conversation")
    weight = message.get("weight")
    # Of several replies to choose from, those that were not chosen weigh nothing.
    return bool(hidden) or (weight == 0 and weight is not False)


def _content(message: dict[str, Any], by: str, place: Place) -> str:
    """A message's text with what is shown in place of pictures, files and marks."""
    content = message.get("content")
    metadata = mapping(message.get("metadata"))
    fields = {"parts": content} if isinstance(content, list) else mapping(content)
    kind = text(fields.get("content_type"))
    if kind in THOUGHTS:
        place.kind("thoughts")
        return ""
    if kind in CONTEXTS or metadata.get("is_user_system_message"):
        place.kind("custom instructions")
        return ""
    names = _names(metadata)
    if by == "tool":
        # What a tool says goes to the assistant; its pictures go to the person.
        pictures = [p for p in _parts(fields, names, place) if p.startswith("[image")]
        if not pictures:
            place.kind("results of tools")
        return "\n\n".join(pictures)
    recipient = text(message.get("recipient")).strip() or "all"
    parts = [text(content)] if isinstance(content, str) else None
    if parts is None:
        parts = _parts(fields, names, place)
    said = "\n\n".join(part for part in parts if part.strip())
    if recipient != "all":
        if is_canvas(recipient):
            return readable(document(said), metadata)
        place.kind("calls of tools")
        return ""
    if kind == "code" and said:
        language = text(fields.get("language"))
        return titled("", said, "" if language == "unknown" else language)
    files = [line for id, line in names.items() if line not in said]
    if not parts and not files:
        place.message("it has no text")
    if by == "assistant" or "\ue200" in said:
        said = readable(said, metadata)
    return "\n\n".join([*files, said] if said.strip() else files)


def _parts(content: dict[str, Any], names: dict[str, str], place: Place) -> list[str]:
    """The texts of a message; nothing in the list if it has none at all."""
    parts = items(content.get("parts"))
    if not parts:
        found = first_text(content, "text", "result", "content")
        has = "parts" in content and content["parts"] == []
        return [found] if found or has else []
    shown = [_part(part, names, place) for part in parts]
    texts = [part for part in shown if part is not None]
    # What was said aloud comes as sound and, unless that went wrong, as text.
    if not any(map(str.strip, texts)) and any(map(_is_sound, parts)):
        return [named("audio", "")]
    return texts


def _is_sound(part: Any) -> bool:
    return "audio" in text(mapping(part).get("content_type"))


def _part(part: Any, names: dict[str, str], place: Place) -> str | None:
    if isinstance(part, str):
        return text(part)
    if isinstance(part, int | float) and not isinstance(part, bool):
        return str(part)
    if not isinstance(part, dict):
        return None
    kind = text(part.get("content_type") or part.get("type"))
    if found := first_text(part, "text"):
        return found
    if "image" in kind or "image" in text(part.get("mime_type")):
        id = text(part.get("asset_pointer")).rpartition("/")[2]
        made = mapping(mapping(part.get("metadata")).get("dalle"))
        return names.get(id) or named("image", text(made.get("prompt")))
    if not _is_sound(part):
        place.kind("parts that are not text")
    return ""


def _names(metadata: dict[str, Any]) -> dict[str, str]:
    """What stands in place of each attachment, by its id."""
    found: dict[str, str] = {}
    for number, entry in enumerate(items(metadata.get("attachments"))):
        for line in attached([entry]):
            found[identity(mapping(entry).get("id")) or f"#{number}"] = line
    return found
