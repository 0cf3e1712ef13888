"""Conversations to export, what should come back, and files to spoil."""

import io
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from genesis_chat.history import (
    Conversation,
    NewConversation,
    NewMessage,
    Receipt,
    StoredMessage,
)
from genesis_chat.history.exchange import (
    Exported,
    export_json,
    export_jsonl,
    export_markdown,
)
from genesis_chat.history.rows import storable

EXPORTS = {"json": export_json, "jsonl": export_jsonl, "markdown": export_markdown}
RECEIPT = Receipt(
    model="builtin",
    model_sha256="ab" * 32,
    settings={"temperature": 0.7, "top_k": 50, "stop": ["\n", None]},
    seed=2**63 - 1,
    prompt_tokens=30,
    prefilled_tokens=12,
    reply_tokens=3,
    seconds_to_first_token=0.25,
    tokens_per_second=None,
    finish_reason="stop",
    backend="cpu",
    dtype="int8",
    delta_rule=True,
)
# What our Markdown gives a meaning to, and what only looks so.
LINES = [
    *("", " ", "```", "~~~", "# Title", "## User", "## Assistant", "## System"),
    *(
        "\\## User",
        "\\\\## Assistant",
        "## User ",
        "## User\t\r",
        "## Users",
        "## user",
    ),
    *("<details><summary>Thought</summary>", "</details>", "\\</details> "),
    *("<details><summary>Thought for 3 s</summary>\r", "<details>", " </details>"),
    *(" ## User", "### User", "## Assistant (interrupted)", "## Assistant (odd)"),
    *("<!-- genesis-chat 1 -->", "\\<!-- genesis-chat 1, created x -->", "<!--", "-->"),
    *(
        "<|im_end|>",
        "---",
        "\r",
        "a\rb",
        "\x85## User",
        "\u2028## User",
        "\0",
        "\ufeff",
    ),
]
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.lists(st.sampled_from(LINES)).map("\n".join),
)
TIMES = st.integers(-62_135_596_800_000, 253_402_300_799_999)
_NUMBERS = st.integers(0, 2**63 - 1)
_RATES = st.none() | st.floats(allow_nan=False, allow_infinity=False)
_KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
_SETTINGS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | _RATES | _KEYS,
    lambda value: (
        st.lists(value, max_size=3) | st.dictionaries(_KEYS, value, max_size=3)
    ),
    max_leaves=5,
)
RECEIPTS = st.builds(
    Receipt,
    model=TEXTS.map(storable),
    model_sha256=st.none() | st.text("0123456789abcdef", min_size=64, max_size=64),
    settings=st.dictionaries(_KEYS, _SETTINGS, max_size=3),
    seed=st.none() | st.integers(0, 2**63 - 1),
    prompt_tokens=_NUMBERS,
    prefilled_tokens=_NUMBERS,
    reply_tokens=_NUMBERS,
    seconds_to_first_token=_RATES,
    tokens_per_second=_RATES,
    finish_reason=TEXTS.map(storable),
    backend=st.none() | TEXTS.map(storable),
    dtype=st.none() | TEXTS.map(storable),
    delta_rule=st.booleans(),
    thought_tokens=_NUMBERS,
    thought_seconds=_RATES,
)


@st.composite
def conversations(draw: st.DrawFn) -> Exported:
    """Any tree of messages with any text."""
    messages: list[StoredMessage] = []
    for number in range(draw(st.integers(0, 6))):
        parents = [None, *(message.id for message in messages)]
        messages.append(
            StoredMessage(
                id=f"M{number}",
                conversation="C",
                parent=draw(st.sampled_from(parents[::-1])),
                role=draw(st.sampled_from(["user", "assistant"])),
                content=draw(TEXTS),
                status=draw(
                    st.sampled_from(["complete", "writing", "interrupted", "failed"])
                ),
                created=draw(TIMES),
                token_ids=tuple(draw(st.lists(st.integers(0, 2**32 - 1), max_size=3))),
                receipt=draw(st.none() | RECEIPTS),
                thought=draw(st.just("") | TEXTS),
            )
        )
    return conversation(
        messages,
        title=draw(TEXTS),
        system=draw(TEXTS),
        created=draw(TIMES),
        head=draw(st.sampled_from([m.id for m in messages])) if messages else None,
    ), messages


def conversation(messages: Sequence[StoredMessage], **changes: Any) -> Conversation:
    """A conversation of some messages; the last one is its head."""
    values: dict[str, Any] = {
        "id": "C",
        "title": "Birds",
        "system": "",
        "head": messages[-1].id if messages else None,
        "created": 1_700_000_000_000,
        "updated": 1_700_000_000_000,
        "deleted": None,
        "messages": len(messages),
    }
    return Conversation(**{**values, **changes})


def turns(*contents: str) -> list[StoredMessage]:
    """Messages in a row, of the user and the assistant in turn."""
    return [
        StoredMessage(
            id=f"M{number}",
            conversation="C",
            parent=f"M{number - 1}" if number else None,
            role="assistant" if number % 2 else "user",
            content=content,
            status="complete",
            created=1_700_000_000_000 + number,
            token_ids=(),
            receipt=None,
        )
        for number, content in enumerate(contents)
    ]


def expected(exported: Exported) -> NewConversation:
    """What an import of an exported tree should give."""
    conversation, messages = exported
    index = {message.id: number for number, message in enumerate(messages)}
    return NewConversation(
        title=storable(conversation.title),
        system=storable(conversation.system),
        messages=tuple(
            NewMessage(
                role=m.role,
                content=storable(m.content),
                parent=None if m.parent is None else index[m.parent],
                created=m.created,
                status="interrupted" if m.status == "writing" else m.status,
                token_ids=m.token_ids,
                receipt=m.receipt,
                thought=storable(m.thought),
            )
            for m in messages
        ),
        head=None if conversation.head is None else index[conversation.head],
        created=conversation.created,
    )


def export(format: str, conversations: Sequence[Exported], path: Path) -> Path:
    """The conversations in a file of a format."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        EXPORTS[format](conversations, stream)
    return path


def exported_text(format: str, conversations: Sequence[Exported]) -> str:
    """The conversations as the text of a file of a format."""
    stream = io.StringIO(newline="")
    EXPORTS[format](conversations, stream)
    return stream.getvalue()


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


def spoiled(data: bytes, rng: random.Random) -> bytes:
    """The bytes of a valid file with one or a few accidents."""
    for _ in range(rng.choice([1, 1, 1, 4])):
        data = rng.choice([_flip, _cut, _repeat, _end, _swap, _revalue])(data, rng)
    return data


def _span(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.choice([1, 2, 10, 100, 1000]))


def _flip(data: bytes, rng: random.Random) -> bytes:
    start, _ = _span(data, rng)
    alphabet = b'{}[]",:\\#-0129eENnull \n\r\t\0\x80\xff'
    return data[:start] + bytes([rng.choice(alphabet)]) + data[start + 1 :]


def _cut(data: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:start] + data[end:]


def _repeat(data: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:end] + data[start:end] * rng.choice([1, 2, 50]) + data[end:]


def _end(data: bytes, rng: random.Random) -> bytes:
    return data[: _span(data, rng)[0]]


def _swap(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[i], lines[j] = lines[j], lines[i]
    return b"\n".join(lines)


VALUES: list[Callable[[random.Random], Any]] = [
    lambda rng: None,
    lambda rng: True,
    lambda rng: rng.choice([0, -1, 0.5, 10**18, 10**25, 1e300]),
    lambda rng: float(rng.choice(["nan", "inf"])),
    lambda rng: rng.choice(["", "M0", "user", "\0", "\ud800", "root"]),
    lambda rng: rng.choice([[], {}, [[]], {"a": {}}, ["M0"], [1, "2"]]),
]


def _revalue(data: bytes, rng: random.Random) -> bytes:
    """Another value somewhere in a JSON text, or one less; other texts as they are."""
    lines = data.split(b"\n") if data.count(b'"format"') > 1 else [data]
    at = rng.randrange(len(lines))
    try:
        value = json.loads(lines[at])
    except (ValueError, RecursionError):
        return data
    places: list[tuple[Any, Any]] = []
    open_: list[Any] = [value]
    while open_:
        parent = open_.pop()
        if isinstance(parent, dict | list):
            keys = parent if isinstance(parent, dict) else range(len(parent))
            places += [(parent, key) for key in keys]
            open_ += [parent[key] for key in keys]
    if not places:
        return data
    parent, key = rng.choice(places)
    if rng.random() < 0.25:
        del parent[key]
    else:
        parent[key] = rng.choice(VALUES)(rng)
    lines[at] = json.dumps(value).encode()
    return b"\n".join(lines)
