"""Numbers as rows of text, which need no colour to be read."""

import math
from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"


def bar(value: float, low: float, high: float) -> str:
    """One value as one character on a logarithmic scale."""
    if value >= high:
        return BARS[-1]
    if value <= low:
        return BARS[0]
    share = math.log(value / low) / math.log(high / low)
    return BARS[min(len(BARS) - 1, int(share * len(BARS)))]


def heads(values: Sequence[float], high: float) -> str:
    """A layer's heads beside each other, from 1 token to `high` tokens."""
    return "".join(bar(value, 1.0, max(high, 2.0)) for value in values)


def gates(values: Sequence[float]) -> str:
    """A layer's gates beside each other; from 0.9 to 0.99 is as far as to 0.999."""
    return heads([1 / max(1 - value, 1e-9) for value in values], 1000)


def between(values: Sequence[float]) -> str:
    """The smallest and the largest of some gates."""
    low, high = (f"{value:.3f}" for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def curve(values: Sequence[float], width: int) -> str:
    """The last values, one character each, from 0 to the largest of them."""
    shown = list(values)[-width:]
    top = max(shown, default=0.0)
    if not top > 0:
        return BARS[0] * len(shown)
    last = len(BARS) - 1
    return "".join(BARS[min(last, int(value / top * len(BARS)))] for value in shown)


def count(tokens: float) -> str:
    """A number of tokens in at most four characters."""
    if not math.isfinite(tokens) or tokens >= 1e6:
        return "∞"
    if tokens < 9.95:
        return f"{tokens:.1f}"
    if tokens < 9999.5:
        return f"{tokens:.0f}"
    return f"{tokens / 1000:.0f}k"


def span(values: Sequence[float]) -> str:
    """The smallest and the largest number of tokens."""
    low, high = count(min(values)), count(max(values))
    return low if low == high else f"{low} to {high}"
