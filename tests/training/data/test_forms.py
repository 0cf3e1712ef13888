"""The forms that a sample may have, and what is said of those that are none."""

import json
from pathlib import Path
from typing import Any

import pytest

from genesis_chat.errors import UsageError
from genesis_chat.training.data import read_data
from genesis_chat.training.data.sample import Turn

USER, REPLY = (
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello"},
)
SAID = (Turn("Hi", "Hello", "", True),)
GIVEN = Turn("Hi", "Hello", "", False)
TOOL = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}


def write(folder: Path, *lines: Any) -> Path:
    path = folder / "data.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    return path


FORMS: dict[str, tuple[dict[str, Any], str, tuple[Turn, ...] | str]] = {
    "messages": ({"messages": [USER, REPLY]}, "", SAID),
    "OpenAI's extra fields": (
        {
            "messages": [{**USER, "name": "ann"}, {**REPLY, "refusal": None}],
            "tools": [],
            "parallel_tool_calls": False,
            "metadata": {"score": float("nan")},
        },
        "",
        SAID,
    ),
    "a system message": (
        {"messages": [{"role": "system", "content": "Be brief."}, USER, REPLY]},
        "Be brief.",
        SAID,
    ),
    "two system messages, one a developer's": (
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "developer", "content": "Be kind."},
                USER,
                REPLY,
            ]
        },
        "Be brief.\n\nBe kind.",
        SAID,
    ),
    "several turns, one not learnt": (
        {"messages": [USER, {**REPLY, "weight": 0}, USER, {**REPLY, "weight": 1}]},
        "",
        (GIVEN, *SAID),
    ),
    "content in parts": (
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
                REPLY,
            ]
        },
        "",
        SAID,
    ),
    "a thought": (
        {"messages": [USER, {**REPLY, "reasoning_content": "Greet."}]},
        "",
        (Turn("Hi", "Hello", "Greet.", True),),
    ),
    "a question at the end": ({"messages": [USER, REPLY, USER]}, "", SAID),
    "ShareGPT's": (
        {
            "id": "x_0",
            "system": "Be brief.",
            "conversations": [
                {"from": "human", "value": "Hi"},
                {"from": "gpt", "value": "Hello", "markdown": None},
            ],
        },
        "Be brief.",
        SAID,
    ),
    "ShareGPT's with a system turn": (
        {
            "conversations": [
                {"from": "system", "value": "Be brief."},
                {"from": "user", "value": "Hi"},
                {"from": "assistant", "value": "Hello"},
            ]
        },
        "Be brief.",
        SAID,
    ),
    "prompt and completion": ({"prompt": "Hi", "completion": "Hello"}, "", SAID),
    "TRL's prompt and completion": (
        {
            "prompt": [USER, REPLY, USER],
            "completion": [REPLY],
        },
        "",
        (GIVEN, *SAID),
    ),
    "Alpaca's": (
        {"instruction": "Add.", "input": "1 2", "output": "3"},
        "",
        (Turn("Add.\n\n1 2", "3", "", True),),
    ),
    "a text": ({"text": " a\n"}, "", " a\n"),
    "what is no character": (
        {"prompt": "\ud800", "completion": "\U0001f600"},
        "",
        (Turn("\ufffd", "\U0001f600", "", True),),
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_read(name: str, tmp_path: Path) -> None:
    line, system, expected = FORMS[name]
    path = write(tmp_path, line)
    (found,) = read_data(path).splits["train"]
    assert found.place == f"{path}, line 1"
    if isinstance(expected, str):
        assert found.text == expected and not found.messages
        return
    assert found.text is None
    assert found.system == system and found.turns == expected
    roles = ["system"] * bool(system) + ["user", "assistant"] * len(expected)
    assert [message.role for message in found.messages] == roles


BAD: dict[str, tuple[Any, str, str]] = {
    "a list": ([1], "it is a list, not an object", '{"messages"'),
    "a number": (3, "it is a number", '{"text"'),
    "no known field": (
        {"question": "a", "answer": "b"},
        "'question', 'answer'",
        "chat",
    ),
    "nothing": ({}, "no fields", '{"messages"'),
    "null": ({"text": None}, "only 'text'", '{"messages"'),
    "messages that are a text": ({"messages": "Hi"}, "'messages' is a text", "a list"),
    "no messages": ({"messages": []}, "no messages", "assistant's reply"),
    "no assistant": ({"messages": [USER]}, "no assistant's message", "at least one"),
    "a reply first": ({"messages": [REPLY, USER, REPLY]}, "message 1", "user message"),
    "two replies": ({"messages": [USER, REPLY, REPLY]}, "message 3", "before every"),
    "two questions": ({"messages": [USER, USER, REPLY]}, "message 2", "in turns"),
    "a late system message": (
        {"messages": [USER, REPLY, {"role": "system", "content": "x"}]},
        "message 3 is a system message",
        "at the start",
    ),
    "an empty reply": (
        {"messages": [USER, {"role": "assistant", "content": " \n"}]},
        "message 2 is an empty reply",
        "says something",
    ),
    "a reply of null": (
        {"messages": [USER, {"role": "assistant", "content": None}]},
        "message 2 has no 'content'",
        "a text",
    ),
    "no role": ({"messages": [{"content": "x"}]}, "no 'role'", "user or assistant"),
    "an unknown role": (
        {"messages": [{"role": "narrator", "content": "x"}]},
        "the role 'narrator'",
        "assistant",
    ),
    "a role that is a list": (
        {"messages": [{"role": ["user"], "content": "x"}]},
        "message 1 has the role",
        "assistant",
    ),
    "a tool's message": (
        {"messages": [USER, {"role": "tool", "content": "4"}]},
        "message 2 calls a tool",
        "without tools",
    ),
    "a call of a tool": ({"messages": [USER, TOOL]}, "message 2 calls a tool", "tools"),
    "a message that is a text": ({"messages": ["Hi"]}, "message 1 is a text", "object"),
    "a content that is a number": (
        {"messages": [USER, {"role": "assistant", "content": 4}]},
        "'content' of message 2 is a number",
        "a text",
    ),
    "a picture": (
        {
            "messages": [
                {"role": "user", "content": [{"type": "image_url", "image_url": "x"}]},
                REPLY,
            ]
        },
        "part 1 of 'content' of message 1",
        "no images",
    ),
    "no reply that is learnt": (
        {"messages": [USER, {**REPLY, "weight": 0}]},
        "weight of 0",
        "at least one",
    ),
    "half a weight": (
        {"messages": [USER, {**REPLY, "weight": 0.5}]},
        "the weight of message 2 is '0.5'",
        "0 or 1",
    ),
    "a prompt alone": ({"prompt": "Hi"}, "no 'completion'", "beside it"),
    "an empty completion": ({"prompt": "Hi", "completion": ""}, "empty", "an answer"),
    "an empty prompt": ({"prompt": " ", "completion": "a"}, "empty", "a prompt"),
    "an empty text": ({"text": "\n"}, "its text is empty", "a text"),
    "a text that is none": ({"text": {"a": 1}}, "'text' is an object", "a text"),
}


@pytest.mark.parametrize("name", BAD)
def test_every_bad_line_is_named(name: str, tmp_path: Path) -> None:
    line, problem, expected = BAD[name]
    path = write(tmp_path, {"text": "right"}, line)
    data = read_data(path)
    (bad,) = data.bad
    assert bad.place == f"{path}, line 2"
    assert problem in bad.reason and expected in bad.expected
    assert data.notices == [f"{path}, line 2: {bad.reason}; expected {bad.expected}."]
    assert [each.text for each in data.splits["train"]] == ["right"]


def test_no_more_than_twenty_bad_lines_are_shown(tmp_path: Path) -> None:
    path = write(tmp_path, {"text": "right"}, *({"text": ""} for _ in range(45)))
    data = read_data(path)
    assert len(data.bad) == 45 and len(data.notices) == 21
    assert data.notices[-1] == "... and 25 more lines."


def test_where_nothing_is_right_the_forms_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, {"a": 1}, {"b": 2})
    with pytest.raises(UsageError, match="nothing to learn from") as caught:
        read_data(path)
    assert '{"prompt": ..., "completion": ...}' in str(caught.value)
    assert f"{path}, line 2" in str(caught.value)
