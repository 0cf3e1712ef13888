"""Lists in a reply: numbers and bullets that step back, and boxes of tasks."""

from collections.abc import Callable, Iterator, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets._markdown import (
    MarkdownBlock,
    MarkdownBullet,
    MarkdownBulletList,
    MarkdownListItem,
    MarkdownOrderedList,
    MarkdownParagraph,
)

# How a task is written, and how it is shown.
BOXES = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}


class BulletList(MarkdownBulletList):
    """A list whose tasks have a box for a bullet."""

    def compose(self) -> ComposeResult:
        yield from _rows(self._blocks, lambda item: _box(item) or item.bullet)
        self._blocks.clear()


class OrderedList(MarkdownOrderedList):
    """A list with its numbers flush, wherever it begins."""

    def compose(self) -> ComposeResult:
        items = [each for each in self._blocks if isinstance(each, MarkdownListItem)]
        first = items[0].bullet if items else "1"
        start = int(first) if first.isdecimal() else 1
        width = len(str(start + len(items) - 1))
        numbers = {id(item): n for n, item in enumerate(items, start)}
        yield from _rows(items, lambda item: f"{numbers[id(item)]:>{width}}  ")
        self._blocks.clear()


def _rows(
    blocks: Sequence[MarkdownBlock], symbol: Callable[[MarkdownListItem], str]
) -> Iterator[Horizontal]:
    for block in blocks:
        if isinstance(block, MarkdownListItem):
            bullet = MarkdownBullet()
            bullet.symbol = symbol(block)
            yield Horizontal(bullet, Vertical(*block._blocks))


def _box(item: MarkdownListItem) -> str:
    """The box of a task, which is taken out of its text."""
    first: MarkdownBlock | None = next(iter(item._blocks), None)
    if not isinstance(first, MarkdownParagraph):
        return ""
    begins = first._content.plain[:4]
    if begins not in BOXES:
        return ""
    first.set_content(first._content[4:])
    return BOXES[begins]
