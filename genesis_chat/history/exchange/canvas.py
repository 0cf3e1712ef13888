"""Documents that an assistant wrote beside the conversation.

ChatGPT addresses them to `canmore.create_textdoc` as JSON with `name`, `type`
("document" or "code/...") and `content`; `canmore.update_textdoc` has `updates` with
`pattern` and `replacement`, `canmore.comment_textdoc` has `comments`. Claude's tool
`artifacts` has `title`, `type`, `language`, and `content` or `new_str`, `create_file`
has `path` and `file_text`; older texts have `<antArtifact title="..." type="...">`.
"""

import json
import re
from pathlib import PurePosixPath
from typing import Any

from .loose import first_text, items, mapping, text

_CANVAS = re.compile(r"(?:canmore|canvas)\b")
_ARTIFACT = re.compile(
    r'<antArtifact\b((?:[^<>"]|"[^"]*")*)>(.*?)(?:</antArtifact>|\Z)', re.DOTALL
)
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
_LANGUAGES = {
    "text/html": "html",
    "image/svg+xml": "svg",
    "application/vnd.ant.mermaid": "mermaid",
    "application/vnd.ant.react": "jsx",
}
_PROSE = ("", ".md", ".markdown", ".txt")


def is_canvas(recipient: str) -> bool:
    """Whether a message is addressed to a canvas."""
    return bool(_CANVAS.match(recipient))


def document(content: str) -> str:
    """The text of a message to a canvas; as it is where it is not whole JSON."""
    try:
        fields = mapping(json.loads(content, strict=False))
    except (ValueError, RecursionError):
        return content
    if isinstance(fields.get("content"), str):
        return titled(
            text(fields.get("name")), text(fields["content"]), _language(fields)
        )
    # Patterns are regular expressions of a stranger: nothing is matched with them.
    changes = [
        first_text(mapping(entry), "replacement", "comment")
        for name in ("updates", "comments")
        for entry in items(fields.get(name))
    ]
    return "\n\n".join(change for change in changes if change) or content


def artifact(given: dict[str, Any]) -> str:
    """The text of one of Claude's artifacts, or an empty one."""
    content = first_text(given, "content", "new_str", "file_text")
    if not content:
        return ""
    name = first_text(given, "title", "path")
    return titled(name, content, _language(given))


def with_artifacts(content: str) -> str:
    """The text with the artifacts that stand in it as documents between paragraphs."""
    pieces, end = [], 0
    for found in _ARTIFACT.finditer(content):
        given: dict[str, Any] = dict(_ATTRIBUTE.findall(found[1]))
        document = artifact({**given, "content": found[2].strip("\n")})
        pieces += [content[end : found.start()].strip(), document]
        end = found.end()
    if not pieces:
        return content
    return "\n\n".join(filter(None, [*pieces, content[end:].strip()]))


def titled(name: str, content: str, language: str | None) -> str:
    """A document below its title; code in a fence that it cannot end."""
    if language is not None:
        fences = re.findall(r"^`{3,}", content, re.MULTILINE)
        fence = "`" * max([3, *(len(found) + 1 for found in fences)])
        # Only its first word names it; any more could end the fence.
        word = next(iter(language.split()), "")
        content = f"{fence}{word}\n{content.rstrip()}\n{fence}"
    title = " ".join(name.split())
    begins = content.lstrip("# *\n").startswith(title)
    return content if begins or not title else f"**{title}**\n\n{content}"


def _language(fields: dict[str, Any]) -> str | None:
    """A document's programming language, empty if unknown; None if it is prose."""
    kind = text(fields.get("type"))
    if kind.startswith("code/"):
        return kind.removeprefix("code/")
    if kind.startswith("application/vnd.ant.code"):
        return text(fields.get("language"))
    suffix = PurePosixPath(text(fields.get("path"))).suffix.lower()
    return _LANGUAGES.get(kind) or (None if suffix in _PROSE else suffix[1:])
