"""Messages whose text comes in parts, of kinds that exports have by and by."""

import json
from pathlib import Path
from typing import Any

import pytest
from foreign_exports import chatgpt, node, read, reply


def contents(path: Path, value: Any) -> tuple[list[str], str]:
    """What was said, and what was told of the rest."""
    (found,), notes = read(path, [value])
    return [message.content for message in found.messages], notes


SPOKEN = {"content_type": "audio_transcription", "text": "Hello", "direction": "in"}
SOUND = {"content_type": "audio_asset_pointer", "asset_pointer": "sediment://file_1"}
CALL = {
    "content_type": "real_time_user_audio_video_asset_pointer",
    "frames_asset_pointers": [],
    "audio_asset_pointer": SOUND,
}


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ([SPOKEN, SOUND], "Hello"),
        ([SPOKEN, CALL], "Hello"),
        ([SOUND], "[audio]"),
        ([CALL], "[audio]"),
        ([{**SPOKEN, "text": ""}, SOUND], "[audio]"),
        (["Hello", SOUND], "Hello"),
    ],
)
def test_what_was_said_aloud(parts: list[Any], shown: str, tmp_path: Path) -> None:
    content = {"content_type": "multimodal_text", "parts": parts}
    value = chatgpt(
        node("u", None, "user", content=content), node("a", "u", "assistant", "Hi")
    )
    assert contents(tmp_path / "file", value) == ([shown, "Hi"], "")


@pytest.mark.parametrize(
    "content",
    [
        ["One", "two"],
        {"parts": ["One", {"content_type": "text", "text": "two"}]},
        [{"type": "text", "text": "One"}, {"type": "text", "text": "two"}],
    ],
)
def test_content_that_is_a_list(content: Any, tmp_path: Path) -> None:
    value = reply(content=content)
    assert contents(tmp_path / "file", value) == (["Why?", "One\n\ntwo"], "")


@pytest.mark.parametrize(
    "message",
    [
        {"author": {"role": "user"}, "content": {"content_type": "text"}},
        {"role": "user", "content": {}},
        {"type": "message", "role": "user", "content": {"type": "message"}},
    ],
)
def test_parts_within_the_content(message: dict[str, Any], tmp_path: Path) -> None:
    for name in ("parts", "content"):
        content = {**message["content"], name: ["One", {"type": "text", "text": "two"}]}
        value = {"messages": [{**message, "content": content}]}
        assert contents(tmp_path / "file", value) == (["One\n\ntwo"], "")


def test_results_of_tools_stay_out_however_they_are_wrapped(tmp_path: Path) -> None:
    result = {"type": "tool_result", "content": [{"type": "text", "text": "secret"}]}
    for content in (result, [result], {"content": [result]}):
        value = {
            "messages": [
                {"role": "user", "content": "Why?"},
                {"role": "assistant", "content": content},
            ]
        }
        said, notes = contents(tmp_path / "file", value)
        assert said == ["Why?"] and "calls of tools and their results" in notes


def test_calls_of_tools_are_counted_beside_a_text(tmp_path: Path) -> None:
    for content in (None, "", "Let me look."):
        called = {"role": "assistant", "content": content, "tool_calls": [{"id": "1"}]}
        value = {"messages": [{"role": "user", "content": "Why?"}, called]}
        said, notes = contents(tmp_path / "file", value)
        assert said == ["Why?", *filter(None, [content])]
        assert "1 calls of tools" in notes and "no text" not in notes


def test_ids_that_come_twice_in_a_list(tmp_path: Path) -> None:
    """No message gives way to another."""
    messages = [
        {"id": id, "role": role, "content": said}
        for id, role, said in [
            ("1", "user", "Why?"),
            ("1", "assistant", "So."),
            (None, "user", "And?"),
            ("1", "assistant", "Thus."),
        ]
    ]
    value: dict[str, Any] = {
        "id": "w",
        "chat": {"title": "Birds", "messages": messages},
    }
    said = ["Why?", "So.", "And?", "Thus."]
    assert contents(tmp_path / "file", value) == (said, "")
    nodes = [node("u", None, "user", "Why?"), node("u", "u", "assistant", "So.")]
    value = {**reply(), "mapping": nodes}
    assert contents(tmp_path / "file", value) == (["Why?", "So."], "")


@pytest.mark.parametrize("end", ["\n</details>\nSo.", "\n</details>", ""])
def test_thoughts_that_a_reply_folds(end: str, tmp_path: Path) -> None:
    """Also when it was stopped while it thought."""
    folded = f'<details type="reasoning" done="x">\n<summary>Thinking</summary>{end}'
    messages = {
        "a": {"id": "a", "role": "user", "content": "Why?", "parentId": None},
        "b": {"id": "b", "role": "assistant", "content": folded, "parentId": "a"},
    }
    value = {"chat": {"history": {"messages": messages, "currentId": "b"}}}
    said, notes = contents(tmp_path / "file", value)
    assert said == ["Why?", *(["So."] if "So." in end else [])]
    assert "1 thoughts" in notes


@pytest.mark.parametrize(
    ("kind", "fence"),
    [
        ("code/", "```"),
        ("code/ ", "```"),
        ("code/\n", "```"),
        ("code/python", "```python"),
        ("code/c\n```\nx", "```c"),
    ],
)
def test_a_canvas_of_any_kind(kind: str, fence: str, tmp_path: Path) -> None:
    canvas = json.dumps({"name": "x", "type": kind, "content": "print(1)"})
    said = {"content_type": "text", "parts": [canvas]}
    value = reply(content=said, recipient="canmore.create_textdoc")
    found, _ = contents(tmp_path / "file", value)
    assert found == ["Why?", f"**x**\n\n{fence}\nprint(1)\n```"]


@pytest.mark.parametrize("name", ["notes.md", "NOTES.MD", "a.Txt"])
def test_a_file_of_prose_is_no_code(name: str, tmp_path: Path) -> None:
    tool = {"path": name, "file_text": "So be it."}
    block = {"type": "tool_use", "name": "create_file", "input": tool}
    message = {"sender": "assistant", "content": [block]}
    found, _ = contents(tmp_path / "file", {"chat_messages": [message]})
    assert found == [f"**{name}**\n\nSo be it."]


BASE64 = "iVBORw0KGgo" * 1000
ADDRESS = "https://example.org/" + "x" * 300


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        ({"type": "image", "image": BASE64}, "[image]"),
        ({"type": "image", "image": f"data:image/png;base64,{BASE64}"}, "[image]"),
        ({"type": "image", "image": "data:,x"}, "[image]"),
        ({"type": "image", "image": ADDRESS}, f"[image: {ADDRESS}]"),
        ({"type": "image", "image": "cat.png"}, "[image: cat.png]"),
        ({"type": "image", "image": BASE64, "name": "cat.png"}, "[image: cat.png]"),
        ({"type": "image", "url": BASE64}, "[image]"),
        ({"type": "input_audio", "input_audio": BASE64}, "[audio]"),
        ({"type": "file", "file": BASE64}, "[file]"),
        ({"type": "video", "video": {"url": ADDRESS}}, f"[video: {ADDRESS}]"),
    ],
)
def test_a_file_in_a_message_is_named(
    part: dict[str, Any], shown: str, tmp_path: Path
) -> None:
    value = {"messages": [{"role": "user", "content": [part, "Look!"]}]}
    assert contents(tmp_path / "file", value)[0] == [f"{shown}\n\nLook!"]
