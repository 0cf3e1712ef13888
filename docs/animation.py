"""Frames of a terminal as one SVG file that moves, by SMIL: no script, no font."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

WIDTH, HEIGHT, SIZE = 8.4, 18.0, 14.0
MARGIN = 12.0
INK, PAPER = "#e0e0e0", "#121212"
FONTS = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
# pyte's names for the first sixteen colours.
COLOURS = {
    "black": "#1e1e1e",
    "red": "#e06c75",
    "green": "#98c379",
    "brown": "#d19a66",
    "blue": "#61afef",
    "magenta": "#c678dd",
    "cyan": "#56b6c2",
    "white": "#d0d0d0",
    "brightblack": "#7f848e",
    "brightred": "#ff7b85",
    "brightgreen": "#b5e890",
    "brightbrown": "#ffd68a",
    "brightblue": "#82c4ff",
    "brightmagenta": "#e39bff",
    "brightcyan": "#79dbe6",
    "brightwhite": "#ffffff",
}


@dataclass(frozen=True)
class Run:
    """Characters of one look beside each other; `column` counts from 0."""

    column: int
    text: str
    ink: str
    paper: str
    bold: bool
    italic: bool
    underlined: bool


Line = tuple[Run, ...]
# The moment it appears, in seconds, and its lines from the top.
Frame = tuple[float, tuple[Line, ...]]


def line_of(cells: Sequence[object]) -> Line:
    """A row of pyte's characters as runs; what is blank on plain paper is left out."""
    runs, column = [], 0
    for look, group in groupby(cells, key=_look):
        text = "".join(str(getattr(cell, "data", "")) for cell in group)
        ink, paper, bold, italic, underlined = look
        if text.strip() or paper != PAPER:
            runs.append(Run(column, text, ink, paper, bold, italic, underlined))
        column += len(text)
    return tuple(runs)


def _look(cell: object) -> tuple[str, str, bool, bool, bool]:
    ink = _colour(getattr(cell, "fg", "default"), INK)
    paper = _colour(getattr(cell, "bg", "default"), PAPER)
    if getattr(cell, "reverse", False):
        ink, paper = paper, ink
    looks = (getattr(cell, name, False) for name in ("bold", "italics", "underscore"))
    bold, italic, underlined = looks
    return ink, paper, bold, italic, underlined


def _colour(name: str, default: str) -> str:
    if name == "default":
        return default
    return COLOURS.get(name) or f"#{name}"


def animation(frames: Sequence[Frame], size: tuple[int, int], end: float) -> str:
    """All frames as one SVG; it begins again `end` seconds after the first.

    A line that stays is written once, however many frames show it. What cannot move
    shows the last frame.
    """
    columns, rows = size
    width, height = columns * WIDTH + 2 * MARGIN, rows * HEIGHT + 2 * MARGIN
    shown: dict[tuple[int, Line], list[int]] = defaultdict(list)
    for number, (_, lines) in enumerate(frames):
        for row, line in enumerate(lines):
            if line:
                shown[row, line].append(number)
    starts = [at for at, _ in frames]
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" '
        f'viewBox="0 0 {width:g} {height:g}">',
        f"<style>text{{font:{SIZE:g}px {FONTS};white-space:pre}}</style>",
        f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>',
    ]
    for (row, line), numbers in shown.items():
        last = len(frames) - 1 in numbers
        parts.append(f'<g visibility="{"visible" if last else "hidden"}">')
        if len(numbers) < len(frames):
            parts.append(_visibility(numbers, starts, end))
        parts += _drawn(row, line)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>\n"])


def _visibility(numbers: Sequence[int], starts: Sequence[float], end: float) -> str:
    """When a line is there: discrete changes over the whole time."""
    there = set(numbers)
    values: list[str] = []
    times: list[str] = []
    for number, at in enumerate(starts):
        value = "visible" if number in there else "hidden"
        if not values or values[-1] != value:
            values.append(value)
            times.append(f"{at / end:.4f}".rstrip("0").rstrip("."))
    return (
        f'<animate attributeName="visibility" calcMode="discrete" dur="{end:g}s" '
        f'repeatCount="indefinite" values="{";".join(values)}" '
        f'keyTimes="{";".join(times)}"/>'
    )


def _drawn(row: int, line: Line) -> Iterator[str]:
    """Paper first: letters may be wider than their cells where a font is missing."""
    top = MARGIN + row * HEIGHT
    for run in line:
        if run.paper != PAPER:
            yield (
                f'<rect x="{MARGIN + run.column * WIDTH:.1f}" y="{top:g}" '
                f'width="{len(run.text) * WIDTH + 0.2:.1f}" '
                f'height="{HEIGHT + 0.2:g}" fill="{run.paper}"/>'
            )
    for run in line:
        if text := run.text.strip():
            column = run.column + len(run.text) - len(run.text.lstrip())
            looks = 'font-weight="bold" ' if run.bold else ""
            looks += 'font-style="italic" ' if run.italic else ""
            looks += 'text-decoration="underline" ' if run.underlined else ""
            yield (
                f'<text x="{MARGIN + column * WIDTH:.1f}" y="{top + SIZE:g}" '
                f'fill="{run.ink}" {looks}textLength="{len(text) * WIDTH:.1f}" '
                f'lengthAdjust="spacingAndGlyphs">{escape(text, quote=False)}</text>'
            )
