"""What the built-in model says to what it cannot do."""

import random
import re

PULL = "genesis-chat models pull"
REFUSALS = (
    f"I am only a tiny model and cannot do that. Try {PULL} or press F2.",
    f"That is too much for me. Get a bigger model with {PULL} or F2.",
    f"I am only the built-in model and do not know. Try {PULL}.",
    "Sorry, I am too small for that. Press F2 to choose a bigger model.",
    f"I cannot help with that. A bigger model can: {PULL}.",
    "I am only a small demo model. Press F2 to get a bigger one.",
    "That is beyond me, I am the tiny built-in model. Press F2 for a bigger one.",
    f"I am too small to know that. Try a bigger model: {PULL}.",
    "I can only do a few things. For this, press F2 and choose a bigger model.",
    f"Sorry, a tiny model cannot do that. A bigger one can: {PULL}.",
    "I have not learned that, I am only the small built-in model. Press F2 for more.",
    f"This needs a bigger model than me. {PULL} gets one.",
)
SMALL = re.compile(
    r"\b(tiny|small|built-in|demo|cannot|too much|do not know|beyond me|can only"
    r"|not learned|bigger model than me)\b",
    re.I,
)
BIGGER = re.compile(r"\bF2\b|\bmodels pull\b", re.I)


def refusal(rng: random.Random) -> str:
    """One of them."""
    return rng.choice(REFUSALS)


def is_refusal(answer: str) -> bool:
    """Whether an answer says what the model is and how to get a bigger one."""
    return bool(SMALL.search(answer) and BIGGER.search(answer))
