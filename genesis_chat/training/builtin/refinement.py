"""What the stages after the first teach: the subjects in other shares, and more.

The supplements bring wordings and situations that the first stage has not: chats
without a system prompt, sentences of any words, prompts near the subjects, and the
styles that system prompts ask for, in which answers are found least easily, sums
first of all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .mixture import Taught
from .plan import NUMBERS, REFINEMENT, REVIEW, STYLES
from .subjects import (
    calendar,
    facts,
    honesty,
    jokes,
    letters,
    opposites,
    program,
    small_talk,
    subjects,
    sums,
    system_prompts,
)
from .supplements import supplements

_WEIGHTS = {
    system_prompts.NAME: 16.0,
    small_talk.NAME: 8.0,
    jokes.NAME: 2.5,
    honesty.NAME: 15.0,
    facts.NAME: 10.0,
    sums.NAME: 8.0,
    opposites.NAME: 2.5,
}
_STYLES = {**_WEIGHTS, program.NAME: 10.0, letters.NAME: 6.0, calendar.NAME: 5.0}
# By stage: subjects that have another share than in the first one.
WEIGHTS: Mapping[str, Mapping[str, float]] = {
    REFINEMENT: _WEIGHTS,
    STYLES: _STYLES,
    NUMBERS: {**_STYLES, sums.NAME: 16.0, opposites.NAME: 5.0},
    REVIEW: {**_STYLES, sums.NAME: 16.0, opposites.NAME: 6.0, honesty.NAME: 20.0},
}


def refined(stage: str) -> Sequence[Taught]:
    """The subjects in the shares of a stage, and its supplements.

    Raises `PackageMissingError` when a package that one of them reads is not installed.
    """
    weights = WEIGHTS[stage]
    weighed = (replace(s, weight=weights.get(s.name, s.weight)) for s in subjects())
    return (*weighed, *supplements(stage))
