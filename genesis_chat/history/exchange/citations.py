"""Citation marks of ChatGPT: links where the export tells them, else nothing.

A mark is U+E200, a kind, and arguments with U+E202 before each, up to U+E201:
`cite` with ids such as turn0search1, `entity` with a JSON list whose second item is
the text, `url` with a title and an id. `metadata.content_references` holds marks as
`matched_text` with what is shown for them, `alt` or `items` with `title` and `url`.
Older replies have marks such as 【4†source】; `metadata.citations` tells of each where
it stands (`start_ix`, `end_ix`) and its `metadata.title` and `.url`.
"""

import json
import re
from typing import Any

from .loose import first_text, items, mapping, text

_MARK = re.compile("([ \t]?)\ue200([^\ue200\ue201\n]*)(?:\ue201|(?=\n|$))")
_BRACKET = re.compile(
    "([ \t]?)\u3010[^\u3010\u3011\n]{0,40}\u2020[^\u3010\u3011\n]*\u3011"
)
_IDS = re.compile(r"[ \t]?(?:file)?cite(?:turn\d+[a-z]+\d+)+")
_PRIVATE = re.compile("[\ue200-\ue2ff]")
_ID = re.compile(r"turn\d+[a-z]*\d*")
# Kinds whose first argument is a text that is shown.
_TITLED = ("url", "link", "video", "link_title")


def readable(content: str, metadata: dict[str, Any]) -> str:
    """The text with every mark replaced by what a person is shown for it."""
    if not (_PRIVATE.search(content) or "\u2020" in content or "citeturn" in content):
        return content
    # By position first: every replacement moves what is behind it.
    known = _by_position(content, metadata)
    for reference in items(metadata.get("content_references")):
        fields = mapping(reference)
        mark = text(fields.get("matched_text"))
        if _PRIVATE.search(mark) or "\u2020" in mark or "citeturn" in mark:
            known.setdefault(mark.strip(), _shown(fields))
    for mark in sorted(known, key=len, reverse=True):
        if known[mark]:
            content = content.replace(mark, known[mark])
    content = _MARK.sub(_replace, content)
    content = _IDS.sub("", _BRACKET.sub("", content))
    return _PRIVATE.sub("", content)


def _by_position(content: str, metadata: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for citation in items(metadata.get("citations")):
        fields = mapping(citation)
        start, end = fields.get("start_ix"), fields.get("end_ix")
        if type(start) is int and type(end) is int and 0 <= start < end:
            mark = content[start:end].strip()
            if _PRIVATE.search(mark) or "\u2020" in mark:
                found[mark] = _links([fields.get("metadata")])
    return found


def _shown(reference: dict[str, Any]) -> str:
    """Links in parentheses, or a text, for one of `content_references`."""
    found = [
        *items(reference.get("items")),
        *items(reference.get("fallback_items")),
        reference,
    ]
    links = _links(found)
    alt = text(reference.get("alt")).strip().replace("]()", "]")
    return links or alt


def _links(sources: list[Any]) -> str:
    links: dict[str, str] = {}
    for source in map(mapping, sources):
        url = text(source.get("url")).strip()
        if url.startswith(("http://", "https://")) and not re.search(r"[\s<>()]", url):
            title = first_text(source, "title", "attribution", "name") or url
            title = re.sub(r"[\[\]\\]", "", " ".join(title.split()))
            links.setdefault(url, f"[{title}]({url})")
    return f"({', '.join(links.values())})" if links else ""


def _replace(mark: re.Match[str]) -> str:
    kind, _, rest = mark[2].partition("\ue202")
    first = rest.partition("\ue202")[0].strip()
    shown = ""
    # Some exports have no sign between a kind and its list.
    if kind.startswith("entity"):
        shown = _second(first or kind.removeprefix("entity"))
    elif kind in _TITLED and not _ID.fullmatch(first):
        shown = first
    return mark[1] + shown if shown else ""


def _second(entity: str) -> str:
    try:
        values = json.loads(entity)
    except (ValueError, RecursionError):
        return ""
    texts = [value for value in items(values) if isinstance(value, str)]
    return text((texts[1:] or texts or [""])[0])
