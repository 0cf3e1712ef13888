"""How chats and what a search found look in the list: one row each."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from textual.content import Content
from textual.widgets.option_list import Option

from ...history import Conversation, Hit
from ..terminal.colourless import BAR
from ..widgets.shown import clock, day, line, marked

# The list's columns, its scrollbar left out.
WIDTH = 30
# Marks of Markdown that a snippet of a message is read better without.
_MARKS = re.compile(r"\*\*|__|`+|^#+ | #{2,} ")


def chat_row(chat: Conversation, *, current: bool, today: datetime) -> Content:
    """A chat's title and when it changed, with a bar before the one that is open."""
    when = _when(chat.updated, today, pinned=chat.pinned)
    return _row(line(chat.title or "New chat"), when, current=current)


def group(name: str) -> Option:
    """The label of the rows below it; an empty row stands above it."""
    return Option(Content(f"\n  {name}"), disabled=True)


def chats(
    listed: Sequence[Conversation], current: str | None, today: datetime
) -> Iterator[Option]:
    """Chats below the names of their groups."""
    last = ""
    for chat in sorted(listed, key=_order):
        name = "Pinned" if chat.pinned else day(chat.updated, today)
        if name != last:
            # The first label needs no empty row above it.
            yield group(name) if last else _first(name)
            last = name
        row = chat_row(chat, current=chat.id == current, today=today)
        yield Option(row, chat.id)
    if not listed:
        yield _first("No chats yet")


def found(
    words: str, titles: Sequence[Conversation], hits: Sequence[Hit], today: datetime
) -> Iterator[Option]:
    """What a search found: titles, then the messages of each chat below its title."""
    if titles:
        yield _first("Titles")
    for chat in titles:
        when = _when(chat.updated, today, pinned=False)
        yield Option(_row(marked(chat.title, words), when), f"{chat.id}:")
    by_chat: dict[str, list[Hit]] = {}
    for hit in hits:
        by_chat.setdefault(hit.conversation.id, []).append(hit)
    if hits:
        yield group("Messages") if titles else _first("Messages")
    for several in by_chat.values():
        chat = several[0].conversation
        when = _when(chat.updated, today, pinned=False)
        title = _row(line(chat.title or "New chat"), when)
        for place, hit in enumerate(several):
            snippet = marked(_MARKS.sub("", hit.snippet), words)
            said = _wrapped(snippet)
            rows = [title, *said] if place == 0 else said
            yield Option(Content("\n").join(rows), f"{chat.id}:{hit.message.id}")
    if not titles and not hits:
        shown = line(words).truncate(WIDTH - 20, ellipsis=True).plain
        yield _first(f"No matches for “{shown}”")


def _row(title: Content, when: str, *, current: bool = False) -> Content:
    room = WIDTH - 3 - (len(when) + 1 if when else 0)
    shown = title.truncate(room, ellipsis=True, pad=True)
    style = "bold" if current else ""
    return Content.assemble(
        (BAR if current else " ", "$accent"),
        " ",
        shown.stylize_before(style) if style else shown,
        (f" {when}" if when else "", "$text-muted"),
        " ",
    )


def _wrapped(snippet: Content) -> list[Content]:
    """Two rows of a snippet at most, as far in as the titles, with what was found."""
    room = WIDTH - 3
    rows = snippet.wrap(room)
    hit = next((n for n, row in enumerate(rows) if row.spans), 0)
    start = max(0, hit - 1)
    shown = rows[start : start + 2]
    if len(rows) > start + 2:
        shown[-1] = Content.assemble(shown[-1].rstrip().truncate(room - 1), "…")
    return [Content.assemble("  ", row) for row in shown]


def _first(name: str) -> Option:
    return Option(Content(f"  {name}"), disabled=True)


def _when(milliseconds: int, today: datetime, *, pinned: bool) -> str:
    then = datetime.fromtimestamp(milliseconds / 1000)
    ago = (today.date() - then.date()).days
    if ago <= 0 or (ago == 1 and not pinned):
        return clock(milliseconds)
    if ago < 7:
        return f"{ago} d" if pinned else then.strftime("%a")
    return f"{then.day} {then:%b}"


def _order(conversation: Conversation) -> tuple[bool, int]:
    """Pinned ones first, then by day; within a day as they come."""
    if conversation.pinned:
        return False, 0
    then = datetime.fromtimestamp(conversation.updated / 1000)
    return True, -then.toordinal()
