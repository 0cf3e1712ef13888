"""What the built-in model is taught beside its subjects, a module for each.

A supplement has `WEIGHTS`, by stage, beside those of the subjects, and
`conversation(rng)`, which never asks what a subject holds out. Nothing is held out of
it: it is there to make the subjects' own questions easier.
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
def supplements(stage: str) -> tuple[Supplement, ...]:
    """Those of a stage, in the order of their modules' names."""
    names = sorted(each.name for each in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f".{name}", __name__) for name in names]
    return tuple(
        Supplement(each.WEIGHTS[stage], each.conversation)
        for each in modules
        if stage in each.WEIGHTS
    )
