"""What the built-in model is taught, a module for each subject.

A subject's module has

- `NAME`: its name in the evaluation and in the card;
- `WEIGHT`: its share in training, beside those of the others;
- `PROMISED`: the part of its held-out questions that must be answered right;
- `conversation(rng, held_out)`: a conversation, which ends with the reply expected;
  one that is held out asks with wordings, values or combinations that training never
  sees;
- `right(conversation, answer)`: whether an answer to the last question is right.
"""

import importlib
import pkgutil
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from ..conversation import Conversation


@dataclass(frozen=True)
class Subject:
    """Something the built-in model is taught."""

    name: str
    weight: float
    promised: float
    conversation: Callable[[random.Random, bool], Conversation]
    right: Callable[[Conversation, str], bool]


@cache
def subjects() -> tuple[Subject, ...]:
    """All subjects, in the order of their modules' names.

    Raises `PackageMissingError` when a package that one of them reads is not installed.
    """
    modules = sorted(each.name for each in pkgutil.iter_modules(__path__))
    return tuple(map(_subject, modules))


def _subject(module: str) -> Subject:
    found = importlib.import_module(f".{module}", __name__)
    return Subject(
        found.NAME, found.WEIGHT, found.PROMISED, found.conversation, found.right
    )
