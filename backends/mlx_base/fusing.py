"""Element-wise functions as one kernel each, where MLX compiles them at once."""

from collections.abc import Callable
from typing import Any

import mlx.core as mx

from .device import on_metal


class Fused:
    """A function of arrays, element by element, which is one kernel on Metal.

    On a CPU MLX would compile it with the machine's C++ compiler into a shared folder,
    which takes longer than it ever saves; there it stays a few operations.
    """

    def __init__(self, function: Callable[..., mx.array]) -> None:
        self._function = function
        self._built: tuple[Any, Callable[..., mx.array]] | None = None
        self.__doc__ = function.__doc__

    def __call__(self, *inputs: mx.array | float) -> mx.array:
        if not on_metal():
            return self._function(*inputs)
        # Whoever counts kernels puts something in the compiler's place.
        build = mx.compile
        if self._built is None or self._built[0] is not build:
            self._built = build, build(self._function, shapeless=True)
        return self._built[1](*inputs)
