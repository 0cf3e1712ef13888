"""The interface without colours, as `NO_COLOR` asks for (https://no-color.org)."""

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

# A background this much lighter or darker than the one around stands out, 0 to 1.
STANDS_OUT = 0.1
# Dimmed text is fainter than it may be.
_ATTRIBUTES = ("bold", "italic", "underline", "strike", "blink")
# The bar before a row that is current; it would take a bite out of a reversed one.
BAR = "▌"


class Colourless(LineFilter):
    """The terminal's own colours; what stood out by its background is reversed."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments of a line, in the terminal's own colours."""
        return [
            Segment(
                text.replace(BAR, " ")
                if style and _stands(style, background)
                else text,
                style and _colourless(style, background),
                control,
            )
            for text, style, control in segments
        ]


@lru_cache(maxsize=4096)
def _stands(style: Style, background: Color) -> bool:
    """Whether its ground is another one than that around it."""
    if style.bgcolor is None or style.bgcolor.is_default:
        return False
    own = Color.from_rich_color(style.bgcolor).brightness
    return abs(own - background.brightness) > STANDS_OUT


@lru_cache(maxsize=4096)
def _colourless(style: Style, background: Color) -> Style:
    reverse = bool(style.reverse) ^ _stands(style, background)
    kept = {name: getattr(style, name) for name in _ATTRIBUTES}
    return Style(reverse=reverse, meta=style.meta, link=style.link, **kept)
