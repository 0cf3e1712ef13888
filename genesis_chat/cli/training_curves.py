"""Curves of a training as a picture: SVG in the colours of our own themes."""

import math
from collections.abc import Sequence
from html import escape

Points = Sequence[tuple[int, float]]
WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 48, 44
IN_THE_DARK = "@media (prefers-color-scheme: dark)"
# More points than pixels show nothing more.
MOST_POINTS = 600


def curves_svg(title: str, training: Points, validation: Points) -> str:
    """A picture of the losses over the steps, light or dark as the viewer is."""
    from ..tui.theme.palette import DARK, LIGHT

    styles = []
    for palette, rule in (
        (LIGHT, "{}"),
        (DARK, "@media (prefers-color-scheme: dark){{{}}}"),
    ):
        colours = (
            f".ground{{fill:{palette.background}}}text{{fill:{palette.text}}}"
            f".muted{{fill:{palette.muted}}}.grid{{stroke:{palette.line}}}"
            f".training{{stroke:{palette.gla}}}.validation{{stroke:{palette.fox}}}"
            f".dot{{fill:{palette.fox}}}"
        )
        styles.append(rule.format(colours))
    points = [*training, *validation]
    steps = max((step for step, _ in points), default=1)
    high = max((loss for _, loss in points), default=1.0) or 1.0
    tick = nice(high / 4)
    top = tick * math.ceil(high / tick)

    def x(step: float) -> float:
        inner = WIDTH - LEFT - RIGHT
        return LEFT + (inner if steps == 1 else inner * (step - 1) / (steps - 1))

    def y(loss: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - loss / top)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        "<style>text{stroke:none}polyline{fill:none;stroke-width:1.5}"
        f"{''.join(styles)}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
    ]
    for at in range(round(top / tick) + 1):
        level = y(at * tick)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{level:.1f}" '
            f'y2="{level:.1f}"/><text class="muted" x="{LEFT - 8}" y="{level + 4:.1f}" '
            f'text-anchor="end">{at * tick:g}</text>'
        )
    for step in sorted({1, steps}):
        anchor = "start" if step == 1 else "end"
        parts.append(
            f'<text class="muted" x="{x(step):.1f}" y="{HEIGHT - 22}" '
            f'text-anchor="{anchor}">step {step}</text>'
        )
    for name, curve, place in (
        ("training", _thinned(training), LEFT),
        ("validation", _thinned(validation), LEFT + 110),
    ):
        if not curve:
            continue
        drawn = " ".join(f"{x(step):.1f},{y(loss):.1f}" for step, loss in curve)
        parts.append(f'<polyline class="{name}" points="{drawn}"/>')
        if name == "validation":
            parts += [
                f'<circle class="dot" cx="{x(step):.1f}" cy="{y(loss):.1f}" r="2.5"/>'
                for step, loss in curve
            ]
        parts.append(
            f'<polyline class="{name}" points="{place},36 {place + 18},36"/>'
            f'<text x="{place + 24}" y="40">{name}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def nice(size: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(size))
    return next(power * each for each in (1, 2, 5, 10) if power * each >= size)


def _thinned(points: Points) -> Points:
    return points[:: -(-len(points) // MOST_POINTS) or 1]
