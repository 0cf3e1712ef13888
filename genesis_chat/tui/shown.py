"""Text from anywhere as content to be shown: it never is markup or a control code."""

import re
from datetime import datetime

from textual.content import Content

from ..text import sanitize

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^`\n]*)$", re.MULTILINE)


def plain(text: str) -> Content:
    """Text as it is."""
    return Content(sanitize(text))


def line(text: str) -> Content:
    """Text on one line."""
    return Content(" ".join(sanitize(text).split()))


def marked(text: str, words: str, style: str = "$accent bold") -> Content:
    """One line of text with every word that was searched for standing out."""
    content = line(text)
    found = [re.escape(word) for word in words.split()]
    if not found:
        return content
    return content.highlight_regex(
        re.compile("|".join(found), re.IGNORECASE), style=style
    )


def clock(milliseconds: int) -> str:
    """The time of day."""
    return datetime.fromtimestamp(milliseconds / 1000).strftime("%H:%M")


def day(milliseconds: int, today: datetime) -> str:
    """The group of a list that a time belongs to."""
    then = datetime.fromtimestamp(milliseconds / 1000).date()
    ago = (today.date() - then).days
    if ago <= 0:
        return "Today"
    if ago == 1:
        return "Yesterday"
    if ago < 7:
        return then.strftime("%A")
    return then.strftime("%B %Y")


def size(count: int) -> str:
    """Bytes as a person reads them."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def code_blocks(markdown: str) -> list[str]:
    """The code of every closed fence, in order."""
    fences = _fences(markdown)
    pairs = zip(fences[::2], fences[1::2], strict=False)
    return [markdown[a.end() + 1 : b.start()].rstrip("\n") for a, b in pairs]


def open_fence(markdown: str) -> tuple[int, int] | None:
    """Where the language of a fence stands that is still open, None when none is."""
    fences = _fences(markdown)
    return fences[-1].span(2) if len(fences) % 2 else None


def _fences(markdown: str) -> list[re.Match[str]]:
    """The lines that open and close fences, in turn."""
    found: list[re.Match[str]] = []
    for match in _FENCE.finditer(markdown):
        closes = not match[2].strip() and found and match[1].startswith(found[-1][1])
        if len(found) % 2 == 0 or closes:
            found.append(match)
    return found
