"""What the second stage teaches: the subjects that are hard in larger shares, and more.

The supplements bring wordings and situations that the first stage has not: chats
without a system prompt, sentences of any words, prompts near the subjects.
"""

from collections.abc import Sequence
from dataclasses import replace

from .mixture import Taught
from .subjects import (
    facts,
    honesty,
    jokes,
    opposites,
    small_talk,
    subjects,
    sums,
    system_prompts,
)
from .supplements import supplements

WEIGHTS = {
    system_prompts.NAME: 16.0,
    small_talk.NAME: 8.0,
    jokes.NAME: 2.5,
    honesty.NAME: 15.0,
    facts.NAME: 10.0,
    sums.NAME: 8.0,
    opposites.NAME: 2.5,
}


def refined() -> Sequence[Taught]:
    """The subjects in the shares of the second stage, and the supplements.

    Raises `PackageMissingError` when a package that one of them reads is not installed.
    """
    weighed = (replace(s, weight=WEIGHTS.get(s.name, s.weight)) for s in subjects())
    return (*weighed, *supplements())
