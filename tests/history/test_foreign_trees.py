"""Trees of messages that lack some: the rest stays one conversation, in its order."""

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
from foreign_exports import FOREIGN, chatgpt, node, read

from genesis_chat.history import NewConversation

SECOND = 1_700_000_000


def shown(conversation: NewConversation) -> list[str]:
    """The branch that a person sees first."""
    found = []
    at = conversation.head
    while at is not None:
        found.append(conversation.messages[at].content)
        at = conversation.messages[at].parent
    return found[::-1]


def talk(*said: tuple[str, str | None], timed: bool = True) -> dict[str, Any]:
    """A ChatGPT conversation of ids, which are their texts too, and parents."""
    nodes = [
        node(
            id,
            parent,
            "assistant" if id.startswith("a") else "user",
            id,
            create_time=SECOND + number if timed else None,
        )
        for number, (id, parent) in enumerate(said)
    ]
    return chatgpt(*nodes)


ROW = [("u1", "root"), ("a1", "u1"), ("u2", "gone"), ("a2", "u2")]


@pytest.mark.parametrize("timed", [True, False])
def test_what_follows_a_missing_message_goes_on(timed: bool, tmp_path: Path) -> None:
    (found,), notes = read(tmp_path / "file", [talk(*ROW, timed=timed)])
    assert shown(found) == ["u1", "a1", "u2", "a2"] and notes == ""
    if timed:
        value = talk(*ROW)
        nodes = list(value["mapping"].items())
        random.Random(3).shuffle(nodes)
        (found,), _ = read(tmp_path / "file", [{**value, "mapping": dict(nodes)}])
        assert shown(found) == ["u1", "a1", "u2", "a2"]


def test_versions_of_the_first_question_stay_beside_each_other(tmp_path: Path) -> None:
    """Also where the root that they share is missing."""
    for root in ("root", None):
        value = talk(("u1", root), ("a1", "u1"), ("u2", root), ("a2", "u2"))
        (found,), _ = read(tmp_path / "file", [value])
        assert shown(found) == ["u2", "a2"] and len(found.messages) == 4


def test_versions_after_a_missing_message_stay_beside_each_other(
    tmp_path: Path,
) -> None:
    value = talk(*ROW, ("u3", "gone"), ("a3", "u3"))
    (found,), _ = read(tmp_path / "file", [value])
    assert shown(found) == ["u1", "a1", "u3", "a3"]
    parents = {m.content: m.parent for m in found.messages}
    assert parents["u2"] == parents["u3"] is not None


def test_the_message_before_a_missing_one_may_name_it(tmp_path: Path) -> None:
    """Then the place is known, whatever was said in between."""
    value = talk(*ROW[:2], ("u9", "u1"), *ROW[2:])
    value["mapping"]["a1"]["children"] = ["gone"]
    (found,), _ = read(tmp_path / "file", [value])
    assert shown(found) == ["u1", "a1", "u2", "a2"]
    value["mapping"]["a1"]["children"] = ["u2"]
    (found,), _ = read(tmp_path / "file", [value])
    assert shown(found) == ["u1", "a1", "u2", "a2"]


@pytest.mark.parametrize("kind", ["claude", "open-webui", "librechat"])
def test_every_kind_goes_on(kind: str, tmp_path: Path) -> None:
    """A reply between two others is taken out of a conversation of three."""
    value = copy.deepcopy(FOREIGN[kind])
    if kind == "open-webui":
        messages = value["chat"]["history"]["messages"]
        messages["c"]["parentId"] = "b"
        messages["b"]["childrenIds"] = ["c"]
        messages["a"]["childrenIds"] = ["b"]
        del messages["b"]
    else:
        name = "chat_messages" if kind == "claude" else "messages"
        parent = "parent_message_uuid" if kind == "claude" else "parentMessageId"
        fourth = copy.deepcopy(value[name][2])
        value[name][2][parent] = "b"
        fourth |= {"uuid": "d", "messageId": "d", parent: "c"}
        value[name].append(fourth)
        del value[name][1]
    (found,), _ = read(tmp_path / "file", [value])
    said = shown(found)
    assert said[:2] == ["Why?", "two"] and len(said) == len(found.messages)


def test_any_tree_comes_in_whole(tmp_path: Path) -> None:
    """Whatever parents and children there are: no message is lost, none twice."""
    values = []
    for seed in range(300):
        draw = random.Random(seed)
        ids = [f"{draw.choice('ua')}{n}" for n in range(8)]
        parents: list[str | None] = [None, "root", "gone", *ids]
        value = talk(
            *((id, draw.choice(parents)) for id in ids), timed=draw.random() < 0.7
        )
        for each in value["mapping"].values():
            if draw.random() < 0.3:
                each["children"] = draw.sample([*ids, "gone", "lost"], 3)
        values.append(value | {"conversation_id": str(seed)})
    found, notes = read(tmp_path / "file", json.dumps(values))
    assert len(found) == len(values) and notes == ""
    for conversation, value in zip(found, values, strict=True):
        contents = [message.content for message in conversation.messages]
        assert sorted(contents) == sorted(value["mapping"])
        assert shown(conversation)[-1] == value["current_node"]


def test_instructions_for_all_conversations_are_no_system_prompt(
    tmp_path: Path,
) -> None:
    text = "Original custom instructions no longer available"
    given = {"is_user_system_message": True, "user_context_message_data": {}}
    value = chatgpt(
        node("s", None, "system", text, metadata=given),
        node("u", "s", "user", "Why?"),
    )
    (found,), notes = read(tmp_path / "file", [value])
    assert found.system == "" and shown(found) == ["Why?"]
    assert "1 custom instructions" in notes
