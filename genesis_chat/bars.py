"""Levels as characters that are as high: bars, and curves in one line."""

import math
from collections.abc import Sequence

BARS = " ▁▂▃▄▅▆▇█"


def bar(level: float) -> str:
    """A level from 0 to 1 as a character that is as high; 0 is blank."""
    return BARS[math.ceil(min(max(level, 0.0), 1.0) * (len(BARS) - 1))]


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """Values in their order as bars between the lowest and the highest of them.

    More values than the width are means of neighbours. The lowest is a bar, too.
    """
    size = max(1, -(-len(values) // width))
    parts = [values[at : at + size] for at in range(0, len(values), size)]
    means = [sum(part) / len(part) for part in parts]
    if not means:
        return ""
    low, high = min(means), max(means)
    span, least = high - low, 1 / (len(BARS) - 1)
    levels = ((mean - low) / span if span else 0.0 for mean in means)
    return "".join(bar(least + level * (1 - least)) for level in levels)
