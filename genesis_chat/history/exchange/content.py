"""What a message says, where a program keeps it as a list of parts.

Parts are texts, or objects with a `type`: OpenAI's `text`, `input_text`,
`output_text`, `refusal`, `image_url`, `input_audio`, `file`; Anthropic's `text`,
`thinking`, `tool_use`, `tool_result`, `image`, `document`; LibreChat's `think`,
`tool_call`, `image_file`, and a `text` that is an object with a `value`.
"""

from typing import Any

from .checked import shown
from .left_out import Place
from .loose import first_text, items, mapping, text

# What is longer and no address is the file itself, in base64.
LONGEST_NAME = 200
_TEXTS = ("text", "value", "refusal", "content")
_NAMES = ("name", "filename", "file_name", "fileName", "title")
# In this order: a tool's result with a picture in it is a tool's.
_SHOWN = (
    ("image", "image"),
    ("audio", "audio"),
    ("video", "video"),
    ("document", "file"),
    ("file", "file"),
    ("attachment", "file"),
)
_THOUGHTS = ("think", "reason", "thought")
_TOOLS = ("tool", "function", "code_execution", "web_search")


def said(value: Any, place: Place) -> str | None:
    """The text of a message's content; None where there is none to read.

    What is not text is named where it stands, as in "[image: cat.png]"; thoughts and
    what tools were told are left out.
    """
    value = _unwrapped(mapping(value)) or value
    found = [_part(part, place) for part in items(value) or [value]]
    texts = [part for part in found if part is not None]
    if not texts:
        return None
    return "\n\n".join(part for part in texts if part.strip())


def _unwrapped(fields: dict[str, Any]) -> list[Any]:
    """The parts within one that is nothing else, such as a message in a message."""
    kind = _kind(fields)
    if kind not in ("", "message") and "text" not in kind:
        return []
    return items(fields.get("parts")) or items(fields.get("content"))


def named(kind: str, name: str) -> str:
    """What stands in place of a picture or a file."""
    line = " ".join(name.split())
    return f"[{kind}: {line}]" if line else f"[{kind}]"


def attached(value: Any) -> list[str]:
    """Names of files that come with a message, a line each; also what is in them.

    Of an entry are read its name (`file_name`, `filename`, `name`), its kind (`type`,
    `file_type`, `mime_type`, `mimeType`) and its text (`extracted_content`).
    """
    found = []
    for entry in items(value):
        fields = mapping(entry)
        inner = mapping(fields.get("file"))
        name = first_text(fields, *_NAMES) or first_text(inner, *_NAMES)
        kind = first_text(fields, "type", "file_type", "mime_type", "mimeType")
        line = named("image" if "image" in kind else "file", name)
        content = text(fields.get("extracted_content")).strip("\n")
        found.append(f"{line}\n\n{content}" if content.strip() else line)
    return found


def _part(part: Any, place: Place) -> str | None:
    if isinstance(part, str):
        return text(part)
    if isinstance(part, int | float) and not isinstance(part, bool):
        return str(part)
    if not isinstance(part, dict):
        return None
    kind = _kind(part)
    if any(word in kind for word in _THOUGHTS):
        place.kind("thoughts")
        return ""
    if any(word in kind for word in _TOOLS):
        place.kind("calls of tools and their results")
        return ""
    for word, name in _SHOWN:
        if word in kind and "transcription" not in kind:
            return named(name, _name(part, kind))
    inner = mapping(part.get("text"))
    found = first_text(part, *_TEXTS) or first_text(inner, *_TEXTS)
    if not found and kind and "text" not in kind:
        place.kind(f"parts of the kind {shown(kind)}")
    known = isinstance(part.get("text"), str) or bool(kind)
    return found if found or known else None


def _kind(part: dict[str, Any]) -> str:
    return text(part.get("type") or part.get("content_type")).casefold()


def _name(part: dict[str, Any], kind: str) -> str:
    """A file's name, or the address it is at; never the file itself."""
    inner = part.get(kind)
    fields = {**mapping(part.get("source")), **mapping(part.get("file")), **part}
    fields |= mapping(inner)
    found = first_text(fields, *_NAMES, "url") or text(inner)
    long = len(found) > LONGEST_NAME and "://" not in found
    return "" if long or found.startswith("data:") else found
