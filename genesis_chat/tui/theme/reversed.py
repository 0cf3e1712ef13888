"""What is selected, in the terminal's own sixteen colours."""

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from ..terminal.colourless import BAR

# Stands for the ground of what is selected, and is never written: which of sixteen
# colours is legible on which depends on the terminal.
SELECTED = "ansi_bright_black"
_NUMBER = 8
_ATTRIBUTES = ("bold", "italic", "underline", "strike", "blink")


class Reversed(LineFilter):
    """Reverses what is selected: a component's style loses that on its way."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments of a line, with nothing of the ground that is `SELECTED`."""
        return [
            Segment(text.replace(BAR, " "), _reversed(style), control)
            if style and _is_selected(style)
            else Segment(text, style, control)
            for text, style, control in segments
        ]


# One for all: a line keeps what each filter has made of it.
REVERSED = Reversed()


def _is_selected(style: Style) -> bool:
    return style.bgcolor is not None and style.bgcolor.number == _NUMBER


@lru_cache(maxsize=1024)
def _reversed(style: Style) -> Style:
    kept = {name: getattr(style, name) for name in _ATTRIBUTES}
    return Style(reverse=True, meta=style.meta, link=style.link, **kept)
