"""What the built-in model is taught beside its subjects, a module for each.

A supplement has a `WEIGHT` beside those of the subjects, and `conversation(rng)`, which
never asks what a subject holds out. Nothing is held out of it: it is there to make the
subjects' own questions easier.
"""

import importlib
import pkgutil
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from ..conversation import Conversation


@dataclass(frozen=True)
class Supplement:
    """Something that is taught and not judged."""

    weight: float
    draw: Callable[[random.Random], Conversation]

    def conversation(self, rng: random.Random, held_out: bool) -> Conversation:
        """One of them. Raises `ValueError` when it is to be held out."""
        if held_out:
            raise ValueError("Nothing of a supplement is held out.")
        return self.draw(rng)


@cache
def supplements() -> tuple[Supplement, ...]:
    """All of them, in the order of their modules' names."""
    modules = sorted(each.name for each in pkgutil.iter_modules(__path__))
    return tuple(map(_supplement, modules))


def _supplement(module: str) -> Supplement:
    found = importlib.import_module(f".{module}", __name__)
    return Supplement(found.WEIGHT, found.conversation)
