"""What the mixers' panel, the transcript's colours and their legend show."""

from collections.abc import Sequence

from desk import Desk
from textual.content import Content, Span
from textual.widgets import Static

from genesis_chat.tui.mixers import Legend
from genesis_chat.tui.mixers.view import PictureView


def page(desk: Desk) -> str:
    """All rows of the picture, also those out of sight."""
    picture = desk.app.screen.query_one(PictureView)
    return "\n".join(
        " ".join("".join(c.text for c in half.cells) for half in row.halves)
        for row in picture.rows
    )


def legend(desk: Desk) -> str:
    shown = desk.app.screen.query_one(Legend)
    return str(shown.content) if shown.has_class("-on") else ""


def spans(widget: Static) -> Sequence[Span]:
    """The styles of what a widget shows."""
    return widget.content.spans if isinstance(widget.content, Content) else []


def tinted(desk: Desk, message: int) -> list[tuple[str, float]]:
    """Pieces of a message that have a background of their own, and how strong it is."""
    found = []
    for each in desk.views[message].query(Static):
        content = each.content
        for span in spans(each):
            style = span.style
            if not isinstance(style, str) and style.background is not None:
                piece = str(content)[span.start : span.end]
                found.append((piece, style.background.a))
    return found
