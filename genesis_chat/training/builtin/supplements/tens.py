"""Sums that come to full tens, and differences to them or to nothing."""

import random

from ..conversation import Conversation, is_held_out
from ..plan import REVIEW
from ..subjects import sums
from .numbers import in_styles

WEIGHTS = {REVIEW: 15.0}
_TENS = tuple(range(10, sums.LARGEST + 1, 10))


def conversation(rng: random.Random) -> Conversation:
    """One to five of them, answered as a system prompt asks, or as usual."""
    return in_styles(rng, _drawn)


def _drawn(rng: random.Random) -> Conversation:
    while True:
        tens, ones = rng.choice(_TENS), rng.randint(0, 9)
        first, operation, second = rng.choice(
            (
                (tens - ones, "plus", ones),
                (ones, "plus", tens - ones),
                (tens + ones, "minus", ones),
                (tens, "minus", ones),
                (tens - ones, "minus", tens - ones),
                (tens, "minus", rng.choice(_TENS[: tens // 10])),
            )
        )
        kept = is_held_out(f"{first} {operation} {second}")
        found = sums.asked_for(rng, first, operation, second)
        if (
            not kept
            and max(first, second) <= sums.LARGEST
            and ", " not in found[-1].content
        ):
            return found
