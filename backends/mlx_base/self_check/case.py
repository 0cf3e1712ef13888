"""A use of a kernel, beside its definition and what would replace it."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import mlx.core as mx

Form = Callable[..., Any]
Run = Callable[[], Iterable[mx.array]]


class Case(NamedTuple):
    """A use of a kernel: it, its definition, and the MLX operations that would replace
    it, all three with the same inputs; `arrays` are what it reads."""

    kernel: Run
    definition: Run
    operations: Run
    arrays: list[mx.array]


class Cases(dict[str, Case]):
    """Cases by the kernel's name, and after it how the kernel is used."""

    def use(
        self,
        name: str,
        inputs: tuple[Any, ...],
        kernel: Form,
        definition: Form,
        operations: Form | None = None,
    ) -> None:
        """Add a use; where it is not a loop over tokens, the definition replaces it."""
        self[name] = Case(
            partial(kernel, *inputs),
            partial(definition, *inputs),
            partial(operations or definition, *inputs),
            _arrays(inputs),
        )


def _arrays(inputs: Iterable[Any]) -> list[mx.array]:
    found: list[mx.array] = []
    for each in inputs:
        if isinstance(each, mx.array):
            found.append(each)
        elif isinstance(each, tuple):
            found += _arrays(each)
    return found
