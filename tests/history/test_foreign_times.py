"""When conversations of other programs were had, as far as anything in them tells."""

import copy
from pathlib import Path
from typing import Any

import pytest
from foreign_exports import FOREIGN, chatgpt, node, read

SECOND = 1000
FIRST, LAST = 1_700_000_000 * SECOND, 1_700_009_000 * SECOND
# What each kind calls the times of a conversation and of a message.
CONVERSATION = {
    "claude": ("created_at", "updated_at"),
    "open-webui": ("created_at", "updated_at"),
    "librechat": ("createdAt", "updatedAt"),
    "plain": ("created", "updated"),
}
MESSAGE = {
    "claude": "created_at",
    "open-webui": "timestamp",
    "librechat": "createdAt",
    "plain": "timestamp",
}


def messages_of(kind: str, value: dict[str, Any]) -> list[dict[str, Any]]:
    if kind == "open-webui":
        return list(value["chat"]["history"]["messages"].values())
    found: list[dict[str, Any]] = value.get("chat_messages") or value["messages"]
    return found


def timed(
    kind: str, first: int | None, last: int | None, **times: int
) -> dict[str, Any]:
    """A conversation whose first and last messages have times, and perhaps itself."""
    if kind == "chatgpt":
        return chatgpt(
            node("u", None, "user", "Why?", create_time=first and first / SECOND),
            node("a", "u", "assistant", "So.", create_time=last and last / SECOND),
            create_time=times.get("created"),
            update_time=times.get("updated"),
        )
    value = copy.deepcopy(FOREIGN[kind])
    for name, key in zip(("created", "updated"), CONVERSATION[kind], strict=True):
        value[key] = times.get(name)
    # The plain one begins with a system prompt.
    messages = [m for m in messages_of(kind, value) if m.get("role") != "system"]
    for message in messages:
        message[MESSAGE[kind]] = None
    messages[0][MESSAGE[kind]], messages[-1][MESSAGE[kind]] = first, last
    return value


@pytest.mark.parametrize("kind", ["chatgpt", *FOREIGN])
def test_messages_tell_when_a_conversation_was_had(kind: str, tmp_path: Path) -> None:
    (found,), _ = read(tmp_path / "file", [timed(kind, FIRST, LAST)])
    assert (found.created, found.updated) == (FIRST, LAST)
    # The messages between them get a time as well: not that of the import.
    assert {m.created for m in found.messages} == {FIRST, LAST}


@pytest.mark.parametrize("kind", ["chatgpt", *FOREIGN])
def test_a_conversation_tells_when_its_messages_were_written(
    kind: str, tmp_path: Path
) -> None:
    value = timed(kind, None, None, created=FIRST, updated=LAST)
    (found,), _ = read(tmp_path / "file", [value])
    assert (found.created, found.updated) == (FIRST, LAST)
    assert {m.created for m in found.messages} == {FIRST}


@pytest.mark.parametrize("kind", ["chatgpt", *FOREIGN])
def test_without_any_time_none_is_made_up(kind: str, tmp_path: Path) -> None:
    (found,), _ = read(tmp_path / "file", [timed(kind, None, None)])
    assert (found.created, found.updated) == (None, None)


def test_an_update_that_nobody_noted_is_the_last_message(tmp_path: Path) -> None:
    value = timed("chatgpt", FIRST, LAST, created=FIRST)
    (found,), _ = read(tmp_path / "file", [value])
    assert (found.created, found.updated) == (FIRST, LAST)


def test_seconds_that_are_counted_are_no_date(tmp_path: Path) -> None:
    """As in a list whose messages tell how long after the first they came."""
    (found,), _ = read(tmp_path / "file", [timed("chatgpt", 0, 90 * SECOND)])
    assert (found.created, found.updated) == (None, None)
