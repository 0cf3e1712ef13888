"""How tokens are drawn, the same for every backend."""

import math
from dataclasses import dataclass

# Below this temperature float32 knows only the most likely token.
GREEDY_BELOW = 1e-6
# Below 1 by more than float32 rounds away, or no entry of a distribution exceeds it.
LARGEST_UNIFORM = 1 - 2**-22


@dataclass(frozen=True)
class SamplingSettings:
    """How a token is drawn; the defaults are the reference's command line.

    Applied in this order: `repetition_penalty` divides positive and multiplies
    negative logits of every token so far (1 is off); `temperature` divides (0 takes
    the most likely token); `top_k` keeps the k largest, ties included (0 is off);
    `top_p` keeps the smallest set that reaches this probability, the crossing token
    included (1 is off); `min_p` drops what is less likely than this share of the
    most likely token (0 is off). `seed` fixes the draws.

    Raises `ValueError` naming the field that is out of range.
    """

    temperature: float = 0.7
    top_k: int = 50
    top_p: float = 0.9
    min_p: float = 0.0
    repetition_penalty: float = 1.05
    seed: int = 0

    def __post_init__(self) -> None:
        ranges = {
            "temperature": (0.0, math.inf),
            "top_k": (0, math.inf),
            "top_p": (0.0, 1.0),
            "min_p": (0.0, 1.0),
            "repetition_penalty": (0.01, 100.0),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                bound = f"between {low} and {high}" if high < math.inf else "0 or more"
                raise ValueError(f"{name} must be {bound}, not {value}.")
