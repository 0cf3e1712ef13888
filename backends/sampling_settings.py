"""How tokens are drawn, the same for every backend."""

import math
from dataclasses import dataclass

# Below this temperature float32 knows only the most likely token.
GREEDY_BELOW = 1e-6
# Float32 knows none above it; all tokens are equally likely long before.
LARGEST_TEMPERATURE = 3.4e38
# Every part of the program can hold it, and every file say it exactly.
LARGEST_WHOLE = 2**63 - 1
# Below 1 by more than float32 rounds away, or no entry of a distribution exceeds it.
LARGEST_UNIFORM = 1 - 2**-22
# The least and the most that each may be.
RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, math.inf),
    "top_k": (0, LARGEST_WHOLE),
    "top_p": (0, 1),
    "min_p": (0, 1),
    "repetition_penalty": (0.01, 100),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "alternatives": (0, math.inf),
}


@dataclass(frozen=True)
class SamplingDefaults:
    """How a model's tokens are drawn where nobody says how; see `SamplingSettings`.

    As they stand here they hold for models whose makers say nothing.
    """

    temperature: float = 0.7
    top_k: int = 50
    top_p: float = 0.9
    min_p: float = 0.0
    repetition_penalty: float = 1.0


USUAL_SAMPLING = SamplingDefaults()


def fits(name: str, value: object) -> bool:
    """Whether a default of `SamplingDefaults` can be a value, whole ones as floats."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    low, high = RANGES[name]
    if not (low <= value <= high and math.isfinite(value)):
        return False
    return isinstance(getattr(SamplingDefaults, name), float) or value == int(value)


@dataclass(frozen=True)
class SamplingSettings:
    """How a token is drawn; the defaults are the reference's command line.

    Applied in this order: `logit_bias` is added to the logits of its ids;
    `presence_penalty` is taken from those of every token drawn so far, and
    `frequency_penalty` as often as it was drawn; `repetition_penalty` divides
    positive and multiplies negative logits of every token so far (1 is off);
    `temperature` divides (0 takes the most likely token); `top_k` keeps the k
    largest, ties included (0 is off); `top_p` keeps the smallest set that reaches
    this probability, the crossing token included (1 is off); `min_p` drops what is
    less likely than this share of the most likely token (0 is off). `seed` fixes the
    draws. With each token `alternatives` of the likeliest are told, before all of
    this.

    Raises `ValueError` naming the field that is out of range.
    """

    temperature: float = 0.7
    top_k: int = 50
    top_p: float = 0.9
    min_p: float = 0.0
    repetition_penalty: float = 1.05
    seed: int = 0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: tuple[tuple[int, float], ...] = ()
    alternatives: int = 0

    @property
    def shifts(self) -> bool:
        """Whether anything is added to logits."""
        return bool(self.presence_penalty or self.frequency_penalty or self.logit_bias)

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                bound = f"between {low} and {high}" if high < math.inf else "0 or more"
                raise ValueError(f"{name} must be {bound}, not {value}.")
        for token, bias in self.logit_bias:
            if not -100 <= bias <= 100:
                raise ValueError(
                    f"logit_bias must be between -100 and 100, not {bias} for the "
                    f"token {token}."
                )
