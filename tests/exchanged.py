"""Conversations to export, and what should come back."""

import io
from collections.abc import Sequence
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
    *("## Qwen3 <!-- reply of Qwen3-4B -->", "\\## Reply (failed) <!-- reply -->"),
    *("## <!-- reply -->", "## x <!-- reply of > -->", "## x (failed)"),
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
