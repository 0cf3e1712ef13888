"""From a number to a place on a scale, and to the words for it."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

# Half-lives are shown from one token to about as many as a context holds.
SHORTEST, LONGEST = 1.0, 2000.0


def on_log_scale(values: "ArrayLike", low: float, high: float) -> "NDArray[np.float32]":
    """Where values are between `low` and `high` on a logarithmic scale, 0 to 1.

    What is outside is at the end that is nearer; not a number is at the lower one.
    """
    import numpy as np

    found = np.nan_to_num(np.asarray(values, np.float64), nan=low, posinf=high)
    share = np.log(np.clip(found, low, high) / low) / np.log(high / low)
    return np.asarray(share, np.float32)


def count(tokens: float) -> str:
    """A number of tokens in at most five characters."""
    if math.isnan(tokens):
        return "?"
    if not math.isfinite(tokens) or tokens >= 1e6:
        return "∞"
    if tokens < 0.05:
        return "0"
    if tokens < 9.95:
        return f"{tokens:.1f}".removesuffix(".0")
    if tokens < 9999.5:
        return f"{tokens:,.0f}"
    return f"{tokens / 1000:.0f}k"


def tokens(number: float) -> str:
    """A number of tokens with the word."""
    said = count(number)
    return f"{said} token" if said == "1" else f"{said} tokens"


def top_of_scale(largest: float) -> float:
    """The end of a linear scale from 0: a round number that stays for a while."""
    if not (largest > 0 and math.isfinite(largest)):
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    steps = (s for s in (1, 1.5, 2, 3, 4, 5, 6, 8) if s * power >= largest * 0.999999)
    return next(steps, 10) * power
