"""What the built-in model says to what it cannot do."""

import random
import re

PULL = "genesis-chat models pull"
REFUSALS = (
    f"I am only a tiny model and cannot do that. For more, try {PULL} or press F2.",
    f"That is too much for me. Get a bigger model with {PULL}, or press F2.",
    f"I do not know that, I am only the built-in model. Try {PULL} or F2.",
    "Sorry, I am too small for that. Press F2 to choose a bigger model.",
    f"I cannot help with that. A bigger model can: {PULL}.",
    "I am only a small demo model. Press F2 to get a bigger one.",
)
SMALL = re.compile(r"\b(tiny|small|built-in|demo|cannot|too much|do not know)\b", re.I)
BIGGER = re.compile(r"\bF2\b|models pull", re.I)


def refusal(rng: random.Random) -> str:
    """One of them."""
    return rng.choice(REFUSALS)


def is_refusal(answer: str) -> bool:
    """Whether an answer says what the model is and how to get a bigger one."""
    return bool(SMALL.search(answer) and BIGGER.search(answer))
