"""Conversations as other programs export them."""

import json
from pathlib import Path
from typing import Any

from genesis_chat.history import NewConversation
from genesis_chat.history.exchange import read_import


def node(
    id: str, parent: str | None, role: str | None, *parts: Any, **message: Any
) -> dict[str, Any]:
    """A node of a ChatGPT conversation; no role gives one without a message."""
    return {
        "id": id,
        "parent": parent,
        "children": [],
        "message": role
        and {
            "id": id,
            "author": {"role": role, "name": None, "metadata": {}},
            "create_time": None,
            "content": {"content_type": "text", "parts": list(parts)},
            "status": "finished_successfully",
            "weight": 1.0,
            "metadata": {},
            "recipient": "all",
            **message,
        },
    }


def chatgpt(*nodes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A ChatGPT conversation; its last node is the current one."""
    mapping = {node["id"]: node for node in nodes}
    for child in nodes:
        if child["parent"] in mapping:
            mapping[child["parent"]]["children"].append(child["id"])
    return {
        "title": "Birds",
        "create_time": 1_700_000_000.25,
        "update_time": 1_700_000_100.5,
        "mapping": mapping,
        "current_node": nodes[-1]["id"],
        "moderation_results": [],
        "conversation_id": "c",
        **changes,
    }


# A conversation of each other kind, with two branches where it has any.
FOREIGN: dict[str, dict[str, Any]] = {
    "claude": {
        "uuid": "c1",
        "name": "Birds",
        "created_at": "2024-01-01T00:00:00.000000Z",
        "updated_at": "2024-01-02T00:00:00.000000Z",
        "chat_messages": [
            {
                "uuid": id,
                "text": said,
                "sender": sender,
                "content": [{"type": "text", "text": said, "citations": []}],
                "created_at": "2024-01-01T00:00:00.000000Z",
                "attachments": [],
                "files": [],
                "parent_message_uuid": parent,
            }
            for id, sender, said, parent in [
                ("a", "human", "Why?", "00000000-0000-4000-8000-000000000000"),
                ("b", "assistant", "one", "a"),
                ("c", "assistant", "two", "a"),
            ]
        ],
    },
    "open-webui": {
        "id": "w1",
        "title": "Birds",
        "created_at": 1_704_067_200,
        "updated_at": 1_704_153_600,
        "chat": {
            "params": {"system": "Be brief."},
            "history": {
                "currentId": "c",
                "messages": {
                    id: {
                        "id": id,
                        "parentId": parent,
                        "childrenIds": children,
                        "role": role,
                        "content": said,
                        "timestamp": 1_704_067_200,
                    }
                    for id, parent, children, role, said in [
                        ("a", None, ["b", "c"], "user", "Why?"),
                        ("b", "a", [], "assistant", "one"),
                        ("c", "a", [], "assistant", "two"),
                    ]
                },
            },
        },
    },
    "librechat": {
        "conversationId": "l1",
        "title": "Birds",
        "options": {"promptPrefix": "Be brief."},
        "messages": [
            {
                "messageId": id,
                "parentMessageId": parent,
                "isCreatedByUser": mine,
                "sender": "User" if mine else "GPT-4",
                "text": said,
                "createdAt": "2024-01-01T00:00:00.000Z",
            }
            for id, parent, mine, said in [
                ("a", "00000000-0000-0000-0000-000000000000", True, "Why?"),
                ("b", "a", False, "one"),
                ("c", "a", False, "two"),
            ]
        ],
    },
    "plain": {
        "title": "Birds",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Why?"},
            {"role": "assistant", "content": [{"type": "text", "text": "one"}]},
        ],
    },
}


def reply(**changes: Any) -> dict[str, Any]:
    """One whose reply is changed."""
    return chatgpt(
        node("u", None, "user", "Why?"), node("a", "u", "assistant", "So.", **changes)
    )


def read(path: Path, content: Any) -> tuple[list[NewConversation], str]:
    """The conversations of a file, and all that was said about what is not."""
    if not isinstance(content, str | bytes):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    notes: list[str] = []
    return read_import(path, note=notes.append), " ".join(notes)
