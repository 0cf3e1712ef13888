"""Claude's exports of several years: artifacts in the text, tools, thoughts."""

from pathlib import Path
from typing import Any

import pytest
from foreign_exports import FOREIGN, read


def contents(path: Path, reply: dict[str, Any]) -> tuple[list[str], str]:
    """What was said, and what was told of the rest."""
    asked = {"uuid": "a", "sender": "human", "text": "Why?"}
    messages = [asked, {"uuid": "b", "sender": "assistant", **reply}]
    (found,), notes = read(path, [{**FOREIGN["claude"], "chat_messages": messages}])
    assert found.messages[0].content == "Why?"
    return [message.content for message in found.messages[1:]], notes


ARTIFACT = '<antArtifact identifier="x" type="{}" {}title="Birds">\n{}\n</antArtifact>'


@pytest.mark.parametrize(
    ("kind", "more", "content", "shown"),
    [
        (
            "application/vnd.ant.code",
            'language="python" ',
            "print(1)",
            "**Birds**\n\n```python\nprint(1)\n```",
        ),
        ("text/markdown", "", "# Birds\n\nThey sing.", "# Birds\n\nThey sing."),
        ("text/html", "", "<p>\n</p>", "**Birds**\n\n```html\n<p>\n</p>\n```"),
        ("image/svg+xml", "", "<svg/>", "**Birds**\n\n```svg\n<svg/>\n```"),
    ],
)
def test_artifacts_in_a_text_are_documents(
    kind: str, more: str, content: str, shown: str, tmp_path: Path
) -> None:
    text = ARTIFACT.format(kind, more, content)
    for said, wanted in [
        (f"Here: {text} Done.", f"Here:\n\n{shown}\n\nDone."),
        (text, shown),
        (f"{text}\n\n{text}", f"{shown}\n\n{shown}"),
        (text.removesuffix("</antArtifact>"), shown),
    ]:
        assert contents(tmp_path / "file", {"text": said}) == ([wanted], "")


def test_a_person_may_write_about_artifacts(tmp_path: Path) -> None:
    text = "What is <antArtifact> for?"
    asked = {"uuid": "a", "sender": "human", "text": text}
    (found,), _ = read(
        tmp_path / "file", [{**FOREIGN["claude"], "chat_messages": [asked]}]
    )
    assert found.messages[0].content == text


def test_thoughts_in_a_text_are_left_out(tmp_path: Path) -> None:
    text = "Sure.\n\n<antThinking>Should I?</antThinking>\n\nHere."
    said, notes = contents(tmp_path / "file", {"text": text})
    assert said == ["Sure.\n\nHere."] and "1 thoughts" in notes


def test_what_a_text_has_in_place_of_a_tool_is_left_out(tmp_path: Path) -> None:
    mark = "```\nThis block is not supported on your current device yet.\n```"
    call = {"type": "tool_use", "name": "web_search", "input": {}}
    for text, wanted in [(mark, []), (f"{mark}\n\nSo.", ["So."])]:
        reply = {"text": text, "content": [call]}
        said, notes = contents(tmp_path / "file", reply)
        assert said == wanted and "1 calls of tools" in notes


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/home/bird.py", "**/home/bird.py**\n\n```py\nsing()\n```"),
        ("/home/bird.md", "**/home/bird.md**\n\nsing()"),
        ("/home/bird", "**/home/bird**\n\nsing()"),
    ],
)
def test_files_that_were_written_are_kept(
    path: str, shown: str, tmp_path: Path
) -> None:
    call = {
        "type": "tool_use",
        "name": "create_file",
        "input": {"path": path, "file_text": "sing()"},
    }
    said = contents(tmp_path / "file", {"text": "", "content": [call]})
    assert said == ([shown], "")


def test_a_file_is_named_once(tmp_path: Path) -> None:
    asked = {
        "uuid": "a",
        "sender": "human",
        "text": "Why?",
        "attachments": [{"file_name": "a.txt", "extracted_content": "They sing."}],
        "files": [{"file_name": "a.txt"}, {"file_name": "b.png"}],
    }
    value = {**FOREIGN["claude"], "chat_messages": [asked]}
    (found,), _ = read(tmp_path / "file", [value])
    said = "[file: a.txt]\n\nThey sing.\n\n[file: b.png]\n\nWhy?"
    assert found.messages[0].content == said
