"""How well a colour is read on another one (WCAG 2.2, contrast ratio)."""

from collections.abc import Sequence

from textual.color import Color

# What text and what edges of controls need (success criteria 1.4.3 and 1.4.11).
TEXT, EDGE = 4.5, 3.0
_STEPS = 50


def ratio(one: Color, other: Color) -> float:
    """From 1, alike, to 21, black on white."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def legible(color: Color, grounds: Sequence[Color], least: float = TEXT) -> Color:
    """The colour, or the nearest one to white or black that is read on all grounds.

    Where none is, the one of white and black that is read best.
    """
    ends = [Color(255, 255, 255), Color(0, 0, 0)]
    for step in range(_STEPS + 1):
        tried = [color.blend(end, step / _STEPS, 1.0) for end in ends]
        found = [each for each in tried if _worst(each, grounds) >= least]
        if found:
            return max(found, key=lambda each: _worst(each, grounds))
    return max(ends, key=lambda each: _worst(each, grounds))


def _worst(color: Color, grounds: Sequence[Color]) -> float:
    return min(ratio(color, ground) for ground in grounds)


def _luminance(color: Color) -> float:
    red, green, blue = (_linear(part / 255) for part in color.rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    if part <= 0.04045:
        return part / 12.92
    return float(((part + 0.055) / 1.055) ** 2.4)
