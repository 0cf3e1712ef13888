"""The mixers as rows of cells; which colours they get is nobody's concern here."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from ...bars import BARS, bar
from .scales import LONGEST, SHORTEST, count, on_log_scale, tokens, top_of_scale
from .tokens import Tokens
from .trace import Layer, Mixer, Trace, resampled

Ink = Literal["text", "muted", "gla", "fox", "ttt"]
# A name, and what is shown of it in as many words as there is room for.
TITLES: dict[Mixer, tuple[str, ...]] = {
    "gla": ("Gated linear attention", "half-life of each head", "half-life"),
    "fox": ("Forgetting attention", "what it still sees of it all", "what it sees"),
    "ttt": ("Test-time training", "while it reads"),
}
NOTHING = "Send a message to see the mixers at work."
NOT_TOLD = "This model does not tell what its layers do; Genesis models do."
# What is left of a row for the layer's number, and for what stands behind it.
BEFORE, BEHIND, BEHIND_CURVE = 6, 14, 10
WIDEST_HEAD, RAMP = 10, 16
# Levels of a field that are told apart: what looks the same is not drawn again.
FIELDS = 32
# From so many columns on mixers may stand beside each other.
LEAST_BESIDE = 70
# A label below this many columns says nothing.
LEAST_LABEL = 6


@dataclass(frozen=True)
class Cell:
    """Some characters. With a `level`, 0 to 1, they are a field of the ink's colour."""

    text: str
    ink: Ink = "text"
    level: float | None = None
    bold: bool = False


@dataclass(frozen=True)
class Row:
    """A line of the picture; of a `layer` if it can be chosen.

    What stands `beside` it is a line of other mixers.
    """

    cells: tuple[Cell, ...] = ()
    layer: Layer | None = None
    beside: "Row | None" = None

    @property
    def width(self) -> int:
        """Columns, without what stands beside it."""
        return sum(len(cell.text) for cell in self.cells)

    @property
    def halves(self) -> "list[Row]":
        """It, and what stands beside it."""
        return [self, self.beside] if self.beside else [self]


@dataclass(frozen=True)
class Shown:
    """What a picture is made of.

    `tells` says whether the model's family has readings, `learns` whether this chat
    has test-time training; None where the model cannot have it. Without `colours`
    fields are drawn as bars.
    """

    trace: Trace
    tokens: Tokens
    tells: bool = True
    learns: bool | None = False
    colours: bool = True


def rows(shown: Shown, width: int, height: int | None = None) -> list[Row]:
    """The picture, so many columns wide.

    Where it is higher than a `height` that is given, mixers stand beside each other if
    there is room for that: then a column between them is left for a mark.
    """
    if not shown.tells:
        return list(_prose(NOT_TOLD, width))
    if shown.trace.last is None:
        return list(_prose(NOTHING, width))
    found = _drawn(shown, ("gla", "fox", "ttt"), width)
    if height is None or len(found) <= height or width < LEAST_BESIDE:
        return found
    half = width // 2
    left = _drawn(shown, ("gla",), half)
    right = _drawn(shown, ("fox", "ttt"), width - half - 2)
    if not left or not right:
        return found
    return [
        Row((*a.cells, Cell(" " * (half + 1 - a.width))), a.layer, b)
        for a, b in zip_longest(left, right, fillvalue=Row())
    ]


def _drawn(shown: Shown, mixers: Sequence[Mixer], width: int) -> list[Row]:
    """Some mixers, one below the other."""
    found: list[Row] = []
    draw = {"gla": _gla, "fox": _fox, "ttt": _ttt}
    for mixer in mixers:
        these = [layer for layer in shown.trace.layers if layer.mixer == mixer]
        if these:
            found += [*([Row()] if found else []), *draw[mixer](shown, these, width)]
    return found


def _prose(sentence: str, width: int) -> Iterator[Row]:
    import textwrap

    for line in textwrap.wrap(sentence, max(width, 10)):
        yield Row((Cell(line, "muted"),))


def _title(mixer: Mixer, width: int) -> Row:
    name, *forms = TITLES[mixer]
    fitting = next((f"  {f}" for f in forms if len(name) + 2 + len(f) <= width), "")
    return Row((Cell(name, mixer, bold=True), Cell(fitting, "muted")))


def _gla(shown: Shown, layers: Sequence[Layer], width: int) -> Iterator[Row]:
    half_life = shown.trace.half_life
    levels = on_log_scale(half_life, SHORTEST, LONGEST)
    medians = shown.trace.median_half_life.tolist()
    heads = half_life.shape[-1]
    wide = max(1, min(WIDEST_HEAD, (width - BEFORE - BEHIND) // max(heads, 1)))
    # The numbers end where those of the other mixers do.
    behind = max(BEHIND, width - BEFORE - heads * wide)
    yield _title("gla", width)
    yield Row(
        (
            Cell("layer".ljust(BEFORE), "muted"),
            Cell("".join(_heading(n, heads, wide) for n in range(heads)), "muted"),
            Cell("median".rjust(behind), "muted"),
        )
    )
    for layer in layers:
        fields = (_field(each, "gla", wide, shown) for each in levels[layer.index])
        yield _layer_row(layer, fields, tokens(medians[layer.index]).rjust(behind))
    yield _legend("gla", "1", f"{LONGEST:,.0f} tokens, log scale", shown, width)


def _heading(number: int, heads: int, wide: int) -> str:
    """A head's number above its column, where there is room for it."""
    said = str(number + 1)
    if len(said) >= wide and number and number + 1 < heads:
        said = ""
    return said.center(wide)[:wide]


def _fox(shown: Shown, layers: Sequence[Layer], width: int) -> Iterator[Row]:
    trace = shown.trace
    means = trace.reach.mean(-1).tolist()
    seen = [f"{count(mean)} of {trace.read:,}" for mean in means]
    behind = max(BEHIND, *(len(each) + 2 for each in seen))
    wide = max(8, width - BEFORE - behind)
    strips = trace.strips(wide).tolist()
    yield _title("fox", width)
    for layer in layers:
        fields = (_field(each, "fox", 1, shown) for each in strips[layer.index])
        yield _layer_row(layer, fields, seen[layer.index].rjust(behind))
    labels = axis(shown.tokens.labels(), trace.read, wide)
    yield Row((Cell(" " * BEFORE), Cell(labels, "muted")))
    yield _legend("fox", "0", "100 % of its weight left", shown, width)


def axis(labels: Sequence[tuple[int, str]], read: int, width: int) -> str:
    """What stands under a strip: the words each message begins with, and "now"."""
    line = [" "] * width
    now = "now"
    line[width - len(now) :] = now
    places = [(start * width // max(read, 1), words) for start, words in labels]
    ends = [place for place, _ in places[1:]] + [width]
    free = 0
    for (place, words), following in zip(places, ends, strict=False):
        room = min(following, width - len(now)) - 1 - place
        if place < free or room < LEAST_LABEL:
            continue
        said = f"╵{_shortened(words, room - 1)}"
        line[place : place + len(said)] = said
        free = place + len(said) + 1
    return "".join(line)


def _shortened(words: str, room: int) -> str:
    """As much of a text as fits; letters that are two columns wide end it."""
    from rich.cells import cell_len

    kept = words[:room]
    while cell_len(kept) > room:
        kept = kept[:-1]
    if len(kept) < len(words):
        kept = f"{kept[:-1].rstrip()}…"
    # Later labels stand where they should only if a character is a column.
    return kept if cell_len(kept) == len(kept) else ""


def _ttt(shown: Shown, layers: Sequence[Layer], width: int) -> Iterator[Row]:
    trace = shown.trace
    yield _title("ttt", width)
    if shown.learns is None:
        yield Row((Cell("This model has none.", "muted"),))
        return
    if not trace.surprise:
        said = "On from the next reply." if shown.learns else "Off · /set ttt on"
        yield Row((Cell(said, "muted"),), layers[0])
        return
    import numpy as np

    curves = (("surprise", trace.surprise), ("trust", trace.trust), ("mix", trace.mix))
    name = max(len(each) for each, _ in curves) + 2
    wide = max(8, width - name - BEHIND_CURVE)
    for label, values in curves:
        known = np.asarray(values, np.float32)
        high = 1.0 if label == "trust" else top_of_scale(float(known.max()))
        points = resampled(known, wide) if len(known) > wide else known
        line = "".join(_apart(each) for each in (points / high).tolist())
        yield Row(
            (
                Cell(label.ljust(name), "text"),
                Cell(line.ljust(wide), "ttt"),
                Cell(f"0 to {high:g}".rjust(BEHIND_CURVE), "muted"),
            ),
            layers[0],
        )


def _layer_row(layer: Layer, fields: Iterable[Cell], number: str) -> Row:
    before = Cell(f"{layer.number:3}".ljust(BEFORE), "muted")
    return Row((before, *fields, Cell(number)), layer)


def _field(level: float, ink: Ink, wide: int, shown: Shown) -> Cell:
    if shown.colours:
        return Cell(" " * wide, ink, round(level * (FIELDS - 1)) / (FIELDS - 1))
    return Cell(_apart(level) * max(1, wide - 1) + " " * (wide > 1), ink)


def _apart(level: float) -> str:
    """A bar that leaves a gap to the row above, or bars would run into columns."""
    return bar(level).replace(BARS[-1], BARS[-2])


def _legend(ink: Ink, low: str, high: str, shown: Shown, width: int) -> Row:
    long = max(2, min(RAMP, width - BEFORE - len(high) - 1))
    ramp = (_field(n / (long - 1), ink, 1, shown) for n in range(long))
    return Row(
        (
            Cell(" " * (BEFORE - len(low) - 1)),
            Cell(f"{low} ", "muted"),
            *ramp,
            Cell(f" {high}", "muted"),
        )
    )
