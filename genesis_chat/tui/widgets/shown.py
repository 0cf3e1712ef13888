"""Text from anywhere as content to be shown: it never is markup or a control code."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from textual.content import Content

from ...text import bare, drawn, search_words
from ...text import size as size


def plain(text: str) -> Content:
    """Text as it is."""
    return Content(drawn(text))


def line(text: str) -> Content:
    """Text on one line."""
    return Content(" ".join(drawn(text).split()))


def told(text: str) -> Content:
    """One line of our own text, where what stands between backticks is to be typed."""
    parts = line(text).plain.split("`")
    if len(parts) % 2 == 0:
        return line(text)
    return Content.assemble(
        *((part, "$text-accent") if n % 2 else part for n, part in enumerate(parts))
    )


def marked(text: str, words: str, style: str = "bold $accent underline") -> Content:
    """One line of text with every word that was searched for standing out."""
    content = line(text)
    for start, end in places_of(words, content.plain):
        content = content.stylize(style, start, end)
    return content


def places_of(words: str, text: str) -> Iterator[tuple[int, int]]:
    """Where every word of a search stands in a text: start and end."""
    wanted = search_words(words)
    plain, places = _bare_places(text) if wanted else ("", ())
    for word in wanted:
        for match in re.finditer(re.escape(word), plain):
            end = places[match.end() - 1] + 1
            # The accents of the last letter are a part of it.
            while text[end : end + 1] and unicodedata.combining(text[end]):
                end += 1
            yield places[match.start()], end


def _bare_places(text: str) -> tuple[str, Sequence[int]]:
    """A bare text, and where each of its letters stood."""
    if text.isascii():
        return bare(text), range(len(text))
    found = [
        (letter, place)
        for place, character in enumerate(text)
        for letter in bare(character)
    ]
    return "".join(letter for letter, _ in found), [place for _, place in found]


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
        return "This week"
    return then.strftime("%B" if then.year == today.year else "%B %Y")


def parser() -> MarkdownIt:
    """How replies are read: HTML is text, and only what is written as a link is one."""
    reader = MarkdownIt("gfm-like", {"html": False, "linkify": False})
    reader.core.ruler.push("sanitize", _sanitize_tokens)
    return reader


def _sanitize_tokens(state: StateCore) -> None:
    """Entities such as `&#8238;` become characters only while Markdown is read."""
    left = list(state.tokens)
    while left:
        token = left.pop()
        token.content = drawn(token.content)
        left.extend(token.children or ())


def code_blocks(markdown: str) -> list[str]:
    """The code of every block, in order; the last one may still be open."""
    return [
        token.content.rstrip("\n")
        for token in parser().parse(markdown)
        if token.type in ("fence", "code_block")
    ]


def beginning(text: str, rows: int, width: int = 100) -> tuple[str, int]:
    """So many rows of a text, and how many bytes are left of it."""
    end = -1
    for _ in range(rows):
        following = text.find("\n", end + 1)
        if following < 0:
            end = len(text)
            break
        end = following
    end = min(end, rows * width)
    return text[:end], len(text[end:].encode(errors="replace"))


def open_fence(markdown: str) -> tuple[int, int] | None:
    """Where the language of a fence stands that is still open, None when none is."""
    tokens = parser().disable("inline").parse(markdown)
    fence = next((t for t in reversed(tokens) if t.type == "fence"), None)
    if fence is None or fence.map is None:
        return None
    start, end = fence.map
    lines, content = markdown.split("\n"), fence.content
    inside = content.count("\n") + (content != "" and not content.endswith("\n"))
    # A fence that was closed has one line more: the one that closes it.
    if end - start > 1 + inside or any(line.strip() for line in lines[end:]):
        return None
    before = sum(len(line) + 1 for line in lines[:start])
    language = lines[start].index(fence.markup) + len(fence.markup)
    return before + language, before + len(lines[start])
